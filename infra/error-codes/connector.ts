import type { ErrorEntry } from "./entry.ts";

/** What can go wrong with cloudflared on the Pi. */
export const connectorCodes = {
  CLOUDFLARED_TOO_OLD: {
    meaning: "The cloudflared on the Pi is too old for Workers VPC.",
    mend: "Upgrade it the way it was installed, then run `npx pulumi up` again.",
  },
  CLOUDFLARED_HELD: {
    meaning: "apt on the Pi is told to hold cloudflared at a version that is too old.",
    mend: "On the Pi: `sudo apt-mark unhold cloudflared`.",
  },
  CLOUDFLARED_OTHER_VERSION: {
    meaning:
      "The config wants another version of cloudflared than the one that was on the Pi before, or than another stack there wants.",
    mend: "Set cloudflared.version to what is there, or remove it.",
  },
  CLOUDFLARED_NO_VERSION: {
    meaning: "Cloudflare's repository does not have the version of cloudflared that the config wants.",
    mend: "Take one of those that are listed, or install it on the Pi yourself.",
  },
  CLOUDFLARED_KEY_UNKNOWN: {
    meaning:
      "The key that Cloudflare's package server gives is not one that is known as Cloudflare's. Nothing was installed.",
    mend: "Look for what stands between the Pi and the internet; if Cloudflare has a new key, renew this program.",
  },
  CLOUDFLARED_UNIT_TAKEN: {
    meaning:
      "The Pi has a unit of the name that the connector's would have, and this program did not make it.",
    mend: "Give the stack another name: `npx pulumi stack rename NAME`.",
  },
  DOWNLOAD_FAILED: {
    meaning: "The Pi could not download a file from Cloudflare's package server.",
    mend: "Check the Pi's way to the internet with the curl line that is shown.",
  },
  APT_FAILED: {
    meaning: "apt-get did not succeed on the Pi; its last lines are shown.",
    mend: "Mend that on the Pi, then run `npx pulumi up` again.",
  },
  REPOSITORY_UNSIGNED: {
    meaning: "What came from Cloudflare's package server is not signed by its key. Nothing was installed.",
    mend: "Look for what stands between the Pi and the internet, and at the Pi's clock.",
  },
  DPKG_BROKEN: {
    meaning: "The Pi's packages are in a state that nothing can be installed in, as after a power cut.",
    mend: "On the Pi: `sudo dpkg --configure -a && sudo apt-get -f install`.",
  },
  APT_LOCKED: {
    meaning: "Another program installs packages on the Pi and did not end in time.",
    mend: "Let it end, then run `npx pulumi up` again.",
  },
  TUNNEL_NOT_CONNECTED: {
    meaning: "The connector on the Pi did not reach Cloudflare.",
    mend: "The usual reasons: UDP 7844 outbound is blocked, no DNS, a wrong clock.",
  },
  TUNNEL_TOKEN_REFUSED: {
    meaning: "Cloudflare does not take the tunnel's token: the tunnel was deleted, or its token was rotated.",
    mend: "Run `npx pulumi refresh`, then `npx pulumi up`.",
  },
} as const satisfies Record<string, ErrorEntry>;
