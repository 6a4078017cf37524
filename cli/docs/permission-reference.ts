import {
  hostnamePermissions,
  sharedOnlyPermissions,
  type TokenPermission,
  tokenPermissions,
} from "../../contract/permissions.ts";
import { generatedFrom, table } from "./markdown.ts";

/** How far the looks before an up go. */
const proven = ({ scope, proof, level }: TokenPermission): string => {
  if (level === "Read" && (scope || proof)) return "all of it";
  return proof ? "that it reads, not that it writes" : "nothing: the write shows it";
};

/** docs/permissions.md */
export function permissionReference(): string {
  const rows = (permission: TokenPermission) => [
    `${permission.name}: ${permission.level}`,
    permission.purpose,
    `\`${permission.group}\``,
    proven(permission),
  ];
  const head = [
    "permission and level in the dashboard",
    "for",
    "name in the API",
    "what is proven before anything is built",
  ];
  return `${generatedFrom("contract/permissions.ts")}

# The API token's permissions

Cloudflare dashboard, My Profile, API Tokens, Create Token, Create Custom Token. Under Permissions choose "Account" for each line; under Account Resources only the one account. A token of the account itself (Manage Account, Account API Tokens) is made of the same permissions.

${table(head, tokenPermissions.map(rows))}

The program needs no other, and nothing of any zone, unless the gateway has a [hostname of its own](names.md). Then choose "Zone" for two lines more, and under Zone Resources the zones of its hostnames:

${table(head, hostnamePermissions.map(rows))}

The token of the account's [shared stack](alerts.md) needs one to three lines more, under "Account", by what the stack has:

${table(head, sharedOnlyPermissions.map(rows))}

\`npm run family -- remove\` ends people's sessions where the token has "Access: Organizations Revoke" too, and says how to do it by hand where it has not.

Before anything is built \`npx pulumi up\` and \`npm run init\` look whether they are there, as far as reading can tell; the last column says how far that is. What is lacking then shows at the first write that needs it: Cloudflare's own words, such as code 10196 for binding the VPC service, with what each means: [errors.md](errors.md#in-cloudflares-own-words). Add the permission to the token, which stays the same, and run \`up\` again: it goes on where it stopped.

Not certain: Cloudflare's pages give Connectivity Directory as roles of a member; people have chosen them for a token too, but whether every account can is not known. Where they are not in the list, the person who makes the token has to have that role.

Give the token an end date, and make a new one before it. The gateway does not need it once it is built: it is used by \`pulumi\` alone.
`;
}
