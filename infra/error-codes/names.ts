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
  TUNNEL_NOT_FOUND: {
    meaning: "The tunnel that the config wants to reuse is not in the account, or was deleted.",
    mend: "Take the id from the dashboard (Networks, Tunnels): `npx pulumi config set --path tunnel.id ID`; or remove the key for a tunnel of the stack's own.",
  },
  TUNNEL_LEADS_TO_OPENCLAW: {
    meaning:
      "The tunnel that the config wants to reuse has a public hostname that leads to OpenClaw's port, past Access and the Worker. Nothing was changed.",
    mend: "Remove it in the dashboard (Networks, Tunnels, Published application routes); the tunnel's other hostnames may stay.",
  },
  TUNNEL_UNHEALTHY: {
    meaning: "A warning: the tunnel that is reused is not healthy, so requests will not get through.",
    mend: "Start its connector on the Pi, as it was set up.",
  },
  TUNNEL_REPLICAS: {
    meaning:
      "A warning: the tunnel that is reused has several connectors, and Cloudflare sends each request through any one of them. On a machine that is not the Pi it would reach that machine's port, the gateway's token with it.",
    mend: "Stop the others, or give the stack a tunnel of its own: `npx pulumi config rm tunnel`.",
  },
  TUNNEL_INGRESS_UNSEEN: {
    meaning:
      "A warning: the tunnel that is reused is configured by a file on its own machine, so nobody could look whether that publishes OpenClaw's port.",
    mend: "Look yourself: no `service:` of its ingress may lead to OpenClaw's port.",
  },
} as const satisfies Record<string, ErrorEntry>;
