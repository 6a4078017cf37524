import type { ErrorEntry } from "./entry.ts";

/** What `npm run family` can say. */
export const familyCodes = {
  STACKS_NOT_NAMED: {
    meaning: "The command was told neither which stacks are meant nor that all are, or both.",
    mend: "Name them, or give `--all`.",
  },
  STACKS_NONE: {
    meaning: "The project has no stack, in no backend that was looked at; the message names them.",
    mend: "Set the first one up with `npm run family -- add NAME`; if there are some elsewhere, log in there: `npx pulumi login URL`.",
  },
  STACK_UNKNOWN: {
    meaning: "There is no stack of this name in any backend that the project's stacks use.",
    mend: "Look at the names with `npm run family -- status --all`; set a new one up with `npm run family -- add NAME`.",
  },
  STACK_EXISTS: {
    meaning: "A stack of this name is there already, and adding would not change it.",
    mend: "Change its answers with `npm run init -- --stack NAME`, or take another name.",
  },
  STACK_TWICE: {
    meaning: "Two backends have a stack of the same name, and both would take the same names in the account.",
    mend: "Rename or remove one of them with the command that is shown.",
  },
  STACKS_IN_CONFLICT: {
    meaning: "Two stacks are to have one hostname, one Worker's name in an account, or one port of one Pi.",
    mend: "Run the command that stands below each, with another value.",
  },
  GATEWAY_WATCHED: {
    meaning:
      "A gateway is to be taken off that the probe of a shared stack is bound to. Cloudflare keeps a VPC service that a Worker is bound to, so nothing was begun.",
    mend: "Take its name out of `shared.gateways` and run `npx pulumi up` in the shared stack; or take off both.",
  },
  GROUP_NAMED: {
    meaning:
      "A shared stack is to be taken off whose groups or login methods a gateway's stack names that is still there. Nothing was begun.",
    mend: "Take the gateways off with it, or take the names out of their `access` and run `npx pulumi up` there.",
  },
  STACK_IS_SHARED: {
    meaning:
      "The command is about people, browsers or a Pi, and the stack is the account's shared one, which has none.",
    mend: "Name a gateway's stack. The shared one is taken off by `npm run family -- destroy NAME`, then `npx pulumi stack rm NAME`.",
  },
  STACK_PROCESS_ENDED: {
    meaning: "The process that ran a stack was killed, or ended by a fault; it says by which.",
    mend: "Run the same command again, which goes on where it was.",
  },
  DEVICE_UNKNOWN: {
    meaning:
      "The text is no id of a device that was let in (to remove it), or of a request (to approve or reject it); an id is wanted whole.",
    mend: "Copy it from `npm run family -- devices STACK`.",
  },
  DEVICE_REFUSED: {
    meaning: "OpenClaw's own command for devices failed, in its words.",
    mend: "See that the id is still in `npm run family -- devices STACK`: a request lives for five minutes.",
  },
  PERSON_UNKNOWN: {
    meaning: "The stack does not name the person who is to be removed from it.",
    mend: "Look at `access.emails` of the stack; whoever comes in by a domain or a group is kept out there.",
  },
  REMOVAL_STOPPED: {
    meaning:
      "A step of a removal has failed, in the engine's or Pulumi's words. What is done and what is not is listed; people's sessions are ended all the same.",
    mend: "Mend what it names, then run the same command again, which goes on.",
  },
  AGREEMENT_MISSING: {
    meaning: "There is no terminal to ask whether the operation shall be done.",
    mend: "Give `--yes`.",
  },
} as const satisfies Record<string, ErrorEntry>;
