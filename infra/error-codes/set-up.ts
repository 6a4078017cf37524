import type { ErrorEntry } from "./entry.ts";

/** What `npm run init` and the check of a config can say. */
export const setUpCodes = {
  NOT_READY: {
    meaning:
      "Several things stand in the way, at Cloudflare, on the Pi or on both; each is listed with its own code, and nothing was touched.",
    mend: "Do what stands below each, then run the same command again.",
  },
  NOT_THE_PROJECT: {
    meaning: "The set-up was started in a folder that is not this project's.",
    mend: "Change to the folder with Pulumi.yaml and run `npm run init` there.",
  },
  ANSWERS_MISSING: {
    meaning: "The set-up runs without a terminal, and some of its answers were given by no flag.",
    mend: "Give the flags that are listed, or run `npm run init` on a terminal.",
  },
  ANSWER_WRONG: {
    meaning: "The value of a flag cannot be taken.",
    mend: "Give it as the message describes; `npm run init -- --help` explains each.",
  },
  STACK_NAME: {
    meaning: "The text is no name for a stack, which becomes part of a hostname.",
    mend: "Take at most 40 lowercase letters, digits and dashes.",
  },
  STACK_FILE: {
    meaning: "The stack is in the backend, but its file Pulumi.STACK.yaml is not in the project.",
    mend: "Put the file back, from git or a backup: it holds the config, and what the passphrase is checked by.",
  },
  STACK_LEFT: {
    meaning: "Writing a new stack failed, and what was there of it could not be removed.",
    mend: "Run `npx pulumi stack rm STACK`, or `npm run init` again, which goes on with it.",
  },
  BACKEND_UNUSABLE: {
    meaning: "The place for the state cannot be used.",
    mend: "Look at its address and at your login there; a folder has to exist, as in `file:///srv/pulumi-state`.",
  },
  PULUMI_FAILED: {
    meaning: "A command of Pulumi's failed, in its own words.",
    mend: "Mend what it names, then run the same command again.",
  },
  PASSPHRASE_REFUSED: {
    meaning: "The passphrase that was typed is empty, or was not the same twice.",
    mend: "Type it again.",
  },
  PASSPHRASE_FILE: {
    meaning:
      "The passphrase's file cannot be used: it is missing, empty, inside the project, or others may read it.",
    mend: "Name another with `--passphrase-file`, or close it with `chmod 600`.",
  },
  PASSPHRASE_WRONG: {
    meaning: "It is not the passphrase that the stack was encrypted with.",
    mend: "Give the right one with `--passphrase-file` or PULUMI_CONFIG_PASSPHRASE_FILE; docs/state.md says what to do when it is lost.",
  },
  API_TOKEN_FILE: {
    meaning: "The file with the API token cannot be read.",
    mend: "Name another with `--api-token-file`.",
  },
  CLOUDFLARE_TOKEN_FORMAT: {
    meaning: "The text is no API token: it is too short or too long, or has characters that no token has.",
    mend: "Copy it whole, without the word Bearer and without quotes.",
  },
  ACCOUNT_ID: {
    meaning: "It is not known which account is meant, or the text is no account's id.",
    mend: "Name it with `--account-id`: the 32 digits in the address of its dashboard.",
  },
  PI_ADDRESS: {
    meaning: "The text is no address of a Pi.",
    mend: "Write `USER@HOST:PORT`, of which the user and the port may be left out.",
  },
  PI_KEY_FILE: {
    meaning: "The file with the SSH key cannot be read or is a public key.",
    mend: "Name the private key's file with `--identity`, or use the SSH agent.",
  },
  PI_FINGERPRINT: {
    meaning: "The Pi's host key has another fingerprint than was given, or nobody has compared it.",
    mend: "Compare it on the Pi's own screen, then give it with `--host-key-fingerprint`.",
  },

  CONFIG_INVALID: {
    meaning:
      "Keys of the stack's config are missing, misspelt or not what they should be; all of them are listed.",
    mend: "Run the command that stands below each key.",
  },
} as const satisfies Record<string, ErrorEntry>;
