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
    meaning: "The secret was replaced a short while ago, and the old one is still good.",
    mend: "Wait until its time has come, then run `npm run rotate -- --stack STACK --finish`; with `--overlap 0` that ends it at once.",
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
    meaning:
      "OpenClaw's new token did not work from end to end, so that the old one was put back everywhere.",
    mend: "Mend what the message names, then run the same command again.",
  },
} as const satisfies Record<string, ErrorEntry>;
