import type { Role } from "../../contract/roles.ts";

/** Parameters that a method may be asked with; `any` where it only reads. */
type Params = "any" | readonly string[];

/** Which session and message, and what must not have changed meanwhile. */
const TARGET = [
  "key",
  "sessionKey",
  "agentId",
  "sessionId",
  "expectedSessionId",
  "expectedLifecycleRevision",
];
const MESSAGE = ["message", "mentions", "attachments", "thinking", "fastMode", "timeoutMs", "idempotencyKey"];
const LABELS = ["label", "autoLabel", "icon", "color", "category", "pinned", "archived", "unread"];
const MODEL = ["model", "thinkingLevel", "fastMode"];

/**
 * What a member's Control UI may ask of OpenClaw: to chat, and to read what belongs to it. Nothing of config, secrets,
 * exec, cron, nodes, devices, updates, channels, tools, files, the terminal and plugins; and no parameter that lets the
 * agent do more (`permissionMode`, `sandboxMode`, `toolOverrides`, `cwd`, `execNode`), sends answers elsewhere
 * (`originatingChannel` …) or lets a secret go to other hosts (`secretStoreAllowedHosts`). OpenClaw's own scopes would
 * give more: docs/gateway/operator-scopes.md there.
 */
const MEMBER: Readonly<Record<string, Params>> = {
  health: "any",
  "agents.list": "any",
  "agent.identity.get": "any",
  "agent.wait": "any",
  "models.list": "any",
  "commands.list": "any",
  "tools.effective": "any",
  "users.self": "any",
  "users.mentionable": "any",
  "users.prefs.get": "any",
  "themes.list": "any",
  "themes.get": "any",
  "chat.startup": "any",
  "chat.history": "any",
  "chat.metadata": "any",
  "chat.message.get": "any",
  "chat.send": [
    ...TARGET,
    ...MESSAGE,
    "__controlUiReconnectResume",
    "deliver",
    "expectedLeafEntryId",
    "expectedPermissionMode",
    "expectedSessionRoutingContract",
    "expectedToolOverrides",
    "fastAutoOnSeconds",
    "intent",
    "queueMode",
    "replyToId",
    "suppressCommandInterpretation",
  ],
  "chat.abort": [...TARGET, "runId", "preserveSideRuns"],
  "assistant.media.get": "any",
  "artifacts.list": "any",
  "artifacts.get": "any",
  "artifacts.download": "any",
  "question.list": "any",
  "question.get": "any",
  "question.resolve": ["id", "answers", "cancel", "resolvedBy", "resolutionId"],
  "sessions.list": "any",
  "sessions.subscribe": "any",
  "sessions.messages.subscribe": "any",
  "sessions.messages.unsubscribe": "any",
  "sessions.viewers.set": "any",
  "sessions.preview": "any",
  "sessions.describe": "any",
  "sessions.resolve": "any",
  "sessions.get": "any",
  "sessions.search": "any",
  "sessions.branches.list": "any",
  "sessions.groups.list": "any",
  "sessions.title.prepare": [...TARGET, "message", "model"],
  "sessions.create": [
    ...TARGET,
    ...MESSAGE,
    ...MODEL,
    "label",
    "displayName",
    "titleSource",
    "category",
    "visibility",
    "task",
  ],
  "sessions.send": [...TARGET, ...MESSAGE],
  "sessions.abort": [...TARGET, "runId", "clearQueued"],
  "sessions.patch": [...TARGET, ...LABELS, ...MODEL, "expectedMarkedUnreadAt"],
  "sessions.delete": [...TARGET, "deleteTranscript", "archivedOnly"],
};

/** By role; a role that is not here asks what it likes. */
const METHODS: Readonly<Partial<Record<Role, ReadonlyMap<string, Params>>>> = {
  member: new Map(Object.entries(MEMBER)),
  guest: new Map(), // has no part in the Control UI at all
};

/** Whether a role may ask OpenClaw for anything, so that nobody has to look into its messages. */
export const asksFreely = (role: Role): boolean => role === "owner";

/** Names of what a role may ask at all, so that a page offers no more. */
export const methodsOf = (role: Role): ReadonlySet<string> => new Set(METHODS[role]?.keys());

/** Whether a role may ask OpenClaw this. `connect`, which opens every conversation, is not among it. */
export function mayAsk(role: Role, method: string, params: Readonly<Record<string, unknown>>): boolean {
  if (asksFreely(role)) return true;
  const allowed = METHODS[role]?.get(method);
  if (!allowed) return false;
  if (params.deliver !== undefined && params.deliver !== false) return false; // the answer, into a chat elsewhere
  return allowed === "any" || Object.keys(params).every((name) => allowed.includes(name));
}
