import type { TokenPermission } from "../contract/permissions.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Refusal } from "./refusal.ts";

/** One thing that is missing at Cloudflare, and how to get it. */
export interface Missing {
  readonly code: ErrorCode;
  readonly what: string;
  readonly mend: string;
}

/** Where a user's API tokens are. */
export const tokenPage = "https://dash.cloudflare.com/profile/api-tokens";

/** What is chosen in the token's editor to add a permission. */
export const addPermission = ({ scope, name, level }: TokenPermission): string =>
  `${scope ?? "Account"}, "${name}", ${level}${scope === "Zone" ? ", and the zone under Zone Resources" : ""}`;

export const missingPermission = (permission: TokenPermission, page: string): Missing => ({
  code: "CLOUDFLARE_PERMISSION_MISSING",
  what: `the API token lacks the permission "${permission.name}: ${permission.level}", for ${permission.purpose}`,
  mend: `${page}, the token, Edit: add ${addPermission(permission)}; the token itself stays the same`,
});

/** @throws Refusal that lists all that is missing, when anything is */
export function refuse(missing: readonly Missing[]): void {
  const [first, ...others] = missing;
  if (!first) return;
  if (others.length === 0) throw new Refusal(first.code, first.what, first.mend);
  throw new Refusal(
    "CLOUDFLARE_NOT_READY",
    `${missing.length} things are missing at Cloudflare:`,
    ...missing.flatMap(({ code, what, mend }) => [`${code}: ${what}`, `  ${mend}`]),
  );
}
