import { credential, hexId } from "../identifiers.ts";
import { type ApiPermission, programPermissions } from "./permissions.ts";

/** What an API token is made with. */
export interface ApiTokenOptions {
  /** `user` (`cfut_…`) acts as a person, `account` (`cfat_…`) belongs to the account itself. A user's by default. */
  readonly kind?: "user" | "account";
  readonly state?: "active" | "disabled" | "expired";
  /** What it may do: all that the program needs, unless told. */
  readonly permissions?: readonly ApiPermission[];
  /** What is left out of these. */
  readonly without?: readonly ApiPermission[];
  /** The addresses it may be used from (Client IP Address Filtering); any, unless told. */
  readonly addresses?: readonly string[];
}

/** An API token as the API looks at it. */
export interface ApiToken {
  readonly id: string;
  readonly kind: "user" | "account";
  readonly state: "active" | "disabled" | "expired";
  readonly permissions: ReadonlySet<ApiPermission>;
  readonly addresses: readonly string[] | undefined;
}

/** The tokens by which the account may be reached. */
export interface ApiTokens {
  issue(options?: ApiTokenOptions): string;
  /** From now on it is as if there had never been such a token. */
  revoke(token: string): void;
  find(token: string): ApiToken | undefined;
}

export function createApiTokens(): ApiTokens {
  // By the token itself: a lookup by hash tells nothing by its time.
  const tokens = new Map<string, ApiToken>();
  return {
    issue: (options = {}) => {
      const { kind = "user", state = "active", permissions = programPermissions } = options;
      const { without = [], addresses } = options;
      const token = credential(kind === "user" ? "cfut_" : "cfat_");
      const granted = permissions.filter((permission) => !without.includes(permission));
      tokens.set(token, { id: hexId(), kind, state, permissions: new Set(granted), addresses });
      return token;
    },
    revoke: (token) => {
      tokens.delete(token);
    },
    find: (token) => tokens.get(token),
  };
}
