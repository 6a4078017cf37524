import type { ErrorEntry } from "./entry.ts";

/** What `npm run rotate` can say. */
export const rotationCodes = {
  ROTATION_UNKNOWN: {
    meaning: "The stack has no secret of that name.",
    mend: "Take one of those that `npm run rotate -- --stack STACK --due` lists.",
  },
  ROTATION_NOT_POSSIBLE: {
    meaning: "That secret cannot be replaced in this stack, and the message says why.",
    mend: "Do what it names.",
  },
  ROTATION_PENDING: {
    meaning:
      "The secret was replaced before, and the old one is still good: a third one would end it unseen.",
    mend: "Wait until its time has come, then run `npm run rotate -- --stack STACK --finish`; with `--overlap 0` that ends it at once.",
  },
  ROTATION_NOT_NEW: {
    meaning:
      "A new secret was asked for, and after the up the stack has the old one still, or none: a request with it would prove nothing. Most often Cloudflare made a new one and its answer was lost.",
    mend: "Run the command that the message shows, which makes another one.",
  },
  ROTATION_UNPROVEN: {
    meaning:
      "The new secret is there, and a request with it was not answered as it should be. The old one was not ended.",
    mend: "Mend what the message names, then run the same command again: it goes on where it was.",
  },
  ROTATION_OLD_ACCEPTED: {
    meaning: "The old secret should be good for nothing by now, and is still taken.",
    mend: "Run `npm run rotate -- --stack STACK --finish` again in a minute; after that look at the secret in Cloudflare's dashboard.",
  },
  ROTATION_PUT_BACK: {
    meaning: "OpenClaw's new token or key did not work from end to end, so that the old one was put back.",
    mend: "Mend what the message names, then run the same command again.",
  },
  MODEL_KEY_WHICH: {
    meaning: "OpenClaw has several model providers, or none with its key in openclaw.json.",
    mend: "Name one: `npm run rotate -- --stack STACK model-key:PROVIDER`.",
  },
  MODEL_KEY_FORMAT: {
    meaning: "No new key of the model provider came, or what came is none.",
    mend: "Give it on standard input or in the variable MODEL_KEY, whole and without quotes.",
  },
  MODEL_KEY_ELSEWHERE: {
    meaning: "OpenClaw takes that provider's key from elsewhere than openclaw.json, and it is left as it is.",
    mend: "Replace it where it is, with the line that is shown.",
  },
  MODEL_KEY_NO_MODEL: {
    meaning:
      "No model of that provider is named in openclaw.json, so that nothing would show whether a key works.",
    mend: "Name one, with the line that is shown.",
  },
  MODEL_KEY_REFUSED: {
    meaning: "The model provider does not take the new key; nothing was changed.",
    mend: "Look at the key in the provider's console, then run the same command again.",
  },
} as const satisfies Record<string, ErrorEntry>;
