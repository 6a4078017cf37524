import { staysWith } from "../agents.ts";
import type { Gateway } from "../config.ts";
import { ERRORS } from "../errors.ts";
import type { Identity } from "../identity/auth.ts";
import { written } from "../written.ts";
import { FAREWELLS, type Farewell } from "./close.ts";
import { asksFreely, mayAsk } from "./methods.ts";

/** What becomes of a message of the client's. */
export type Verdict =
  | { readonly forward: string }
  | { readonly answer: string }
  | { readonly farewell: Farewell };

export type Filter = (data: string | ArrayBuffer) => Verdict;

/**
 * One request of OpenClaw's gateway protocol: `{"type":"req","id","method","params"}`.
 * https://docs.openclaw.ai/gateway/protocol
 */
interface RequestFrame {
  readonly type: "req";
  readonly id: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Looks into the messages of who may not ask OpenClaw for everything: only requests for the role's own methods go on.
 * Nothing for whom all messages go through as they are.
 */
export function filterFor({ role }: Identity, { roles }: Gateway): Filter | undefined {
  if (asksFreely(role)) return undefined;
  const agents = roles.agents[role];
  let connected = false;
  return (data) => {
    const frame = typeof data === "string" ? parse(data) : undefined;
    if (!frame) return { farewell: FAREWELLS.requestsOnly };
    const { method, params } = frame;
    // The first message says who connects, and is OpenClaw's to judge; a node would offer itself, and not only ask.
    const allowed = connected
      ? mayAsk(role, method, params) && (!agents || staysWith(agents, method, params))
      : method === "connect" && params.role === "operator";
    if (!allowed) return { answer: refusal(frame.id) };
    // Written anew: a name that stood there twice could be read in two ways.
    const forward = written(frame);
    if (forward === undefined) return { farewell: FAREWELLS.requestsOnly };
    connected = true;
    return { forward };
  };
}

function parse(text: string): RequestFrame | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const { type, id, method, params = {}, traceparent, expectedProfileId } = value;
  if (type !== "req" || typeof id !== "string" || typeof method !== "string" || !isObject(params))
    return undefined;
  return {
    type,
    id,
    method,
    params,
    ...(typeof traceparent === "string" && { traceparent }),
    ...(typeof expectedProfileId === "string" && { expectedProfileId }),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** As OpenClaw itself refuses a request, so that its page shows it. */
const refusal = (id: string): string =>
  JSON.stringify({
    type: "res",
    id,
    ok: false,
    error: { code: "FORBIDDEN", message: ERRORS.ROLE_REFUSED[1], details: { code: "ROLE_REFUSED" } },
  });
