import type { cloudflareCodes } from "./cloudflare.ts";

/** A refusal as Cloudflare words it, which a person meets where it is the provider that was refused. */
export interface CloudflareRefusal {
  /** Cloudflare's own code. */
  readonly code: number;
  /** The HTTP statuses it comes with. */
  readonly status: readonly number[];
  /** What its message says, where that tells two of one code apart; `words` is a part of it. */
  readonly words: string;
  /** What this project calls it. */
  readonly means: keyof typeof cloudflareCodes;
  readonly meaning: string;
  readonly mend: string;
}

const again = "Then run the same command again: it goes on where it stopped.";

/**
 * What Cloudflare says to a write that the token may not do, the first row that fits counts. `npm run family` and
 * `rotate` explain by it, docs/errors.md shows it to who runs `pulumi` itself.
 *
 * Seen in public reports: 10196 in several projects' issues, 10000 for the same lack in
 * https://github.com/cloudflare/workers-sdk/issues/11884, 9109 with an address in
 * https://github.com/jeessy2/ddns-go/issues/1341.
 */
export const cloudflareRefusals: readonly CloudflareRefusal[] = [
  {
    code: 10196,
    status: [403],
    words: "not authorized for the requested VPC resource",
    means: "CLOUDFLARE_PERMISSION_MISSING",
    meaning: "The Worker's upload binds the VPC service, and the API token may not bind it.",
    mend: `Add "Connectivity Directory: Bind" to the token. ${again}`,
  },
  {
    code: 10000,
    status: [403],
    words: "Authentication error",
    means: "CLOUDFLARE_PERMISSION_MISSING",
    meaning:
      "The API token may not do what the request's address stands for; where the same address was read before, it has Read and not Edit.",
    mend: `Add to the token what permissions.md has for it: \`cfd_tunnel\` Cloudflare Tunnel, \`connectivity\` Connectivity Directory: Admin, \`access/apps\` and \`access/policies\` Access: Apps and Policies, \`access/service_tokens\` Access: Service Tokens, \`workers\` Workers Scripts, of a Worker's upload Connectivity Directory: Bind too. ${again}`,
  },
  {
    code: 10000,
    status: [401],
    words: "Authentication error",
    means: "CLOUDFLARE_TOKEN_INVALID",
    meaning: "The API token was rolled, deleted, switched off or has ended while it was in use.",
    mend: `Make a new one, or switch it on again. ${again}`,
  },
  {
    code: 9109,
    status: [400, 401, 403],
    words: "Cannot use the access token from location",
    means: "CLOUDFLARE_TOKEN_ADDRESS",
    meaning:
      "The API token may be used from certain addresses alone, and the one that is shown is none of them.",
    mend: `Add the address to the token (Client IP Address Filtering), or take the filter away. ${again}`,
  },
  {
    code: 9109,
    status: [400, 401, 403],
    words: "",
    means: "CLOUDFLARE_TOKEN_INVALID",
    meaning:
      "The API token is not known, has ended or is switched off, or it is good and opens another account or zone than the one in the request's address.",
    mend: `Look at the token's state and at its Account Resources and Zone Resources, and at \`accountId\` in the config. ${again}`,
  },
];
