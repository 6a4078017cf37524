import type { Role, RolesVariable } from "../contract/roles.ts";
import { staysWith } from "./agents.ts";
import { GatewayError } from "./errors.ts";
import type { Route } from "./routes.ts";
import { asksFreely } from "./websocket/methods.ts";

/** Below these the next part of the path is the key of the session that something belongs to. */
const OF_SESSION = ["/api/chat/media/outgoing/", "/__openclaw__/channel-avatar/"];

const MEDIA = "/__openclaw__/assistant-media";

/**
 * Keeps a role with agents of its own away from what others' sessions hold; but not who may ask OpenClaw for them anyway. By the session that its address names,
 * OpenClaw picks the agent whose workspace a file is read from; where none is named it is the default agent's,
 * whatever `agentId` says (OpenClaw 2026.9.6).
 * @param target path and query as OpenClaw gets them
 * @throws GatewayError ROLE_REFUSED
 */
export function checkPlaced(
  target: Route["target"],
  role: Role,
  { agents }: Pick<RolesVariable, "agents">,
): void {
  const allowed = asksFreely(role) ? undefined : agents[role];
  const named = allowed && sessionOf(target);
  if (named && !staysWith(allowed, "", named)) throw new GatewayError("ROLE_REFUSED");
}

/** Named as a WebSocket's requests name it; nothing where the address belongs to no session. */
function sessionOf(target: string): Record<string, string> | undefined {
  const [path = "", query] = target.split("?", 2);
  if (path === MEDIA) {
    const asked = new URLSearchParams(query);
    const [sessionKey, agentId] = ["sessionKey", "agentId"].map((name) => asked.get(name)?.trim());
    return { sessionKey: sessionKey ?? "", ...(sessionKey && agentId ? { agentId } : {}) };
  }
  const folder = OF_SESSION.find((start) => path.startsWith(start));
  const [key] = folder ? path.slice(folder.length).split("/") : [];
  return key === undefined ? undefined : { sessionKey: decodeURIComponent(key) };
}
