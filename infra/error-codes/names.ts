import type { ErrorEntry } from "./entry.ts";

/** What can be wrong with the gateway's hostnames and with a tunnel that is reused. */
export const nameCodes = {
  HOSTNAME_ZONE_MISSING: {
    meaning:
      "A hostname of the config lies in no active zone of the account, or in none that the API token may read.",
    mend: "Add the domain to the account or the zone to the token; or choose another hostname.",
  },
  HOSTNAME_TAKEN: {
    meaning:
      "A hostname of the config belongs to another Worker, or has a DNS record that leads elsewhere. Nothing of it was touched.",
    mend: "Free it where the message says, or choose another: `npx pulumi config set hostname NAME`.",
  },
  HOSTNAME_CUT: {
    meaning:
      "A warning: the gateway changes its hostname at once, so whoever uses the one before is cut off by this up.",
    mend: "Keep both for a while: `npx pulumi config set --path 'alsoHostnames[0]' NAME`, and remove it by a later up.",
  },
} as const satisfies Record<string, ErrorEntry>;
