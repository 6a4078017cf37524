/** Names by which OpenClaw's default agent goes where a session's key names none. */
const DEFAULT_AGENT = ["default", "main"];

/** Where requests name sessions: by key, which begins with `agent:NAME:` or belongs to the default agent. */
const KEYS = ["key", "sessionKey", "parentSessionKey", "keys", "sessionKeys"];

/** Asked without an agent and without a session, these are about the default agent, or about anybody's run. */
const UNNAMED = new Set([
  "chat.startup",
  "sessions.create",
  "sessions.title.prepare",
  "artifacts.list",
  "artifacts.get",
  "artifacts.download",
  "assistant.media.get",
]);

/**
 * Whether a request stays with the agents that a role may talk to. What it does not name, OpenClaw chooses: lists show
 * all sessions that OpenClaw lets the person see.
 */
export function staysWith(
  agents: readonly string[],
  method: string,
  params: Readonly<Record<string, unknown>>,
): boolean {
  const named = params.agentId === undefined ? [] : [params.agentId];
  const keys = KEYS.flatMap((name) => params[name] ?? []);
  const ofKeys = keys.map((key) => agentOf(key) ?? params.agentId ?? DEFAULT_AGENT);
  const all = [...named, ...ofKeys];
  if (all.length === 0 && UNNAMED.has(method)) all.push(DEFAULT_AGENT);
  return all.every((agent) =>
    agent === DEFAULT_AGENT
      ? DEFAULT_AGENT.some((name) => agents.includes(name))
      : typeof agent === "string" && agents.includes(agent),
  );
}

/**
 * `agent:web:main` belongs to `web`, in this spelling alone. What only nearly looks like it (`agent :web:main`) is
 * another name to OpenClaw, and the default agent's; what it would put right before it reads it is nobody's.
 */
function agentOf(key: unknown): string | undefined {
  if (typeof key !== "string") return "";
  const agent = /^agent:([^:]+):[^:]/.exec(key)?.[1];
  if (agent !== undefined) return agent;
  return key.trim().toLowerCase().startsWith("agent:") ? "" : undefined;
}
