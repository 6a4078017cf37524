/** Who may do what: the roles that the config gives to people and programs, and the parts of the gateway they open. */

export const ROLES = ["owner", "member", "guest"] as const;
export type Role = (typeof ROLES)[number];

/**
 * Parts of the gateway.
 * - `chat`: the chat page, and the models and chat completions that it asks for
 * - `api`: responses and embeddings, for programs
 * - `control`: OpenClaw's Control UI, pages and WebSocket
 */
export type Part = "chat" | "api" | "control";

/** What each role opens. What is not named is refused. */
export const PARTS_OF_ROLE: Readonly<Record<Role, readonly Part[]>> = {
  owner: ["chat", "api", "control"],
  /** The Control UI in `access` mode only: in `token` mode its browser holds the owner's key. */
  member: ["chat", "api", "control"],
  guest: ["chat"],
};

/** The variable ROLES, as JSON. Whoever it gives no role has none and is refused. */
export interface RolesVariable {
  /** By email address, or by `@domain` for everyone with an address of it, in lower case. An address wins over its domain. */
  readonly people: Readonly<Record<string, Role>>;
  /** Of a person whom Access lets in by a group, which its JWT does not tell, and whom `people` does not name; without it: none. */
  readonly others?: Exclude<Role, "owner">;
  /** By client id (the token's `common_name`): the programs of this stack. */
  readonly services: Readonly<Record<string, { readonly name: string; readonly role: Role }>>;
  /** Names of OpenClaw's agents ("default", "main", "web") that a role may talk to, the first one where none is asked for; without an entry: all. */
  readonly agents: Readonly<Partial<Record<Role, readonly string[]>>>;
}

/** The variable QUOTAS, as JSON: what an identity of a role may use. Without an entry, or a key of it: no cap. */
export type QuotasVariable = Readonly<Partial<Record<Role, Quota>>>;

export interface Quota {
  /** Requests to chat completions, responses and embeddings, per day (UTC). */
  readonly requestsPerDay?: number;
  /** Tokens by the `usage` of the answers, per day (UTC). */
  readonly tokensPerDay?: number;
  /** Requests that may run at the same time. */
  readonly concurrentRuns?: number;
  /** Cap of `max_tokens`, `max_completion_tokens` and `max_output_tokens` of one request. */
  readonly maxTokens?: number;
}

/**
 * Names of the headers by which OpenClaw is told who asks, in `access` mode (its trusted-proxy mode). Not Access's own:
 * with those OpenClaw asks the team for a GitHub login, and its page never loads.
 */
export const IDENTITY_HEADERS = {
  /** Email of a person, or `service:NAME` of a program. */
  user: "x-gateway-user",
  /** Name of the stack; OpenClaw only wants it to be there. */
  stack: "x-gateway-stack",
} as const;

/** By this header a trusted proxy narrows what OpenClaw lets a caller do, in `access` mode. It grants nothing. */
export const SCOPES_HEADER = "x-openclaw-scopes";

/**
 * The most that OpenClaw shall let a role do, by its own scopes, in `access` mode, over HTTP and in the WebSocket; an
 * owner has all that OpenClaw gives. Whoever lacks `operator.admin` picks no model of a provider's and changes no
 * settings; whoever lacks `operator.approvals` lets no command run.
 */
export const SCOPES_OF_ROLE: Readonly<Record<Role, string | undefined>> = {
  owner: undefined,
  member: "operator.read,operator.write,operator.questions",
  guest: "operator.read,operator.write",
};
