import type { Role, RolesVariable } from "../../contract/roles.ts";
import { GatewayError } from "../errors.ts";
import type { Body } from "./read.ts";

/**
 * All spellings of an agent that OpenClaw takes for a model's name. Without one it is the agent that its config calls
 * the default; a client may also call it that.
 * https://docs.openclaw.ai/gateway/openai-http-api ("Agent-first model contract")
 */
const MODEL = /^(?:openclaw(?:[:/]([a-z0-9][a-z0-9_-]{0,63}))?|agent:([a-z0-9][a-z0-9_-]{0,63}))$/;

/** The agent that a model's name means, in OpenClaw's own spelling; nothing where it means none. */
function agentOf(model: string): string | undefined {
  const match = MODEL.exec(model.trim().toLowerCase());
  return match ? (match[1] ?? match[2] ?? "default") : undefined;
}

/**
 * Sets the `model` of a request that starts a run, in place: one of those that the role may talk to, and its first one
 * where none is asked for, or plain `openclaw` and the default is not among them: a script that asks for no agent in
 * particular goes on when a role is given one. A role without agents of its own talks to all of them, and OpenClaw says
 * which there are.
 * @throws GatewayError MODEL_REFUSED
 */
export function setModel(body: Body, role: Role, { agents }: Pick<RolesVariable, "agents">): void {
  const allowed = agents[role];
  const asked = body.model;
  const none = asked === undefined || asked === null || (typeof asked === "string" && asked.trim() === "");
  if (!allowed) {
    if (none) body.model = "openclaw"; // /v1/responses and /v1/embeddings want one
    return;
  }
  const anyOfThem = none || (asked === "openclaw" && !allowed.includes("default"));
  const agent = anyOfThem ? allowed[0] : typeof asked === "string" ? agentOf(asked) : undefined;
  if (!agent || !allowed.includes(agent)) throw new GatewayError("MODEL_REFUSED");
  body.model = `openclaw/${agent}`;
}

/**
 * Refuses a model that the role does not talk to.
 * @throws GatewayError MODEL_REFUSED
 */
export function checkModel(model: string, role: Role, { agents }: Pick<RolesVariable, "agents">): void {
  if (!isAllowed(model, agents[role])) throw new GatewayError("MODEL_REFUSED");
}

/** The list of `/v1/models` with the models alone that the role talks to. */
export function filterModels(list: unknown, role: Role, { agents }: Pick<RolesVariable, "agents">): unknown {
  const { data } = list as { readonly data?: unknown };
  if (!Array.isArray(data)) return { object: "list", data: [] };
  const allowed = data.filter(
    (model) => typeof model?.id === "string" && isAllowed(model.id as string, agents[role]),
  );
  return { object: "list", data: allowed };
}

function isAllowed(model: string, allowed: readonly string[] | undefined): boolean {
  if (!allowed) return true;
  const agent = agentOf(model);
  return agent !== undefined && allowed.includes(agent);
}
