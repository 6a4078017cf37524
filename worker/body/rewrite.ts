import type { Quota } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "../identity/auth.ts";
import { written } from "../written.ts";
import { setModel } from "./agents.ts";
import type { Body } from "./read.ts";
import { hasRemoteContent } from "./remote.ts";
import { sessionOf } from "./session.ts";

/**
 * Fields that cap the tokens of an answer, by endpoint: the first one is set where none is there. /v1/responses refuses
 * a field that it does not know.
 */
const CAPS: Readonly<Record<string, readonly string[]>> = {
  "/v1/chat/completions": ["max_completion_tokens", "max_tokens"],
  "/v1/responses": ["max_output_tokens"],
};

/**
 * What goes on to OpenClaw of a request that starts a run: its model, session and caps are the role's and the
 * identity's, whatever the client has written.
 * @param target the endpoint
 * @returns the body's JSON
 * @throws GatewayError MODEL_REFUSED, REMOTE_CONTENT_REFUSED, SESSION_REFUSED or BODY_INVALID
 */
export async function rewrite(
  body: Body,
  target: string,
  identity: Identity,
  gateway: Gateway,
): Promise<string> {
  setModel(body, identity.role, gateway.roles);
  if (identity.role !== "owner") refuseForOthers(body, gateway);
  body.user = await sessionOf(identity, body.user);
  const quota = gateway.quotas[identity.role];
  if (quota) cap(body, target, quota);
  const text = written(body);
  if (text === undefined) throw new GatewayError("BODY_INVALID");
  return text;
}

/** What an owner may do, and nobody else. */
function refuseForOthers(body: Body, { signIn }: Gateway): void {
  if (hasRemoteContent(body)) throw new GatewayError("REMOTE_CONTENT_REFUSED");
  // By its token OpenClaw takes all callers for one, and lets each continue what another has begun.
  if (body.previous_response_id != null && signIn.mode === "token") throw new GatewayError("SESSION_REFUSED");
}

function cap(body: Body, target: string, { maxTokens, tokensPerDay }: Quota): void {
  const fields = CAPS[target] ?? [];
  if (maxTokens) {
    const present = fields.filter((field) => body[field] != null);
    for (const field of present.length > 0 ? present : fields.slice(0, 1)) {
      const asked = body[field];
      body[field] = typeof asked === "number" && asked < maxTokens ? asked : maxTokens;
    }
  }
  // Else a chat that is streamed never says what it used.
  if (tokensPerDay && body.stream && target === "/v1/chat/completions") {
    const options = body.stream_options;
    body.stream_options = { ...(typeof options === "object" ? options : {}), include_usage: true };
  }
}
