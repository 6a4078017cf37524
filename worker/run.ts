import { readBody } from "./body/read.ts";
import { rewrite } from "./body/rewrite.ts";
import type { Gateway } from "./config.ts";
import { type ErrorCode, GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { answerHeaders, secured } from "./headers.ts";
import type { Identity } from "./identity/auth.ts";
import { beginRun, type Run } from "./limits/usage.ts";
import { fetchOpenClaw } from "./openclaw.ts";
import type { Route } from "./routes.ts";
import { pass } from "./streaming/pass.ts";
import { EventUsage, JsonUsage } from "./streaming/usage.ts";
import { explain } from "./trouble.ts";

/** With these nothing has run: nothing is counted but the request. */
const BEFORE_A_RUN: ReadonlySet<ErrorCode> = new Set([
  "CLIENT_ADDRESS_REFUSED",
  "TUNNEL_DOWN",
  "TUNNEL_UNSUITABLE",
  "OPENCLAW_UNEXPECTED",
  "OPENCLAW_API_DISABLED",
  "OPENCLAW_TOKEN_REFUSED",
  "OPENCLAW_PROXY_REFUSED",
]);

/**
 * Starts a run of an agent: the body is read and rewritten, the run is counted for who has a quota, and its answer
 * flows to the client as OpenClaw writes it. A client that leaves ends the run.
 * @throws GatewayError those of `readBody`, `rewrite`, `beginRun`, `fetchOpenClaw` and `explain`
 */
export async function startRun(
  exchange: Exchange,
  route: Route,
  { gateway, identity }: { readonly gateway: Gateway; readonly identity: Identity },
): Promise<Response> {
  const { request, context } = exchange;
  const { target, kind, timeoutMs } = route;
  const maxBytes = Math.min(gateway.maxBodyBytes, route.maxBytes ?? gateway.maxBodyBytes);
  const body = await rewrite(await readBody(request, maxBytes), target, identity, gateway);
  const run = await beginRun(identity, gateway, context);
  try {
    const answer = await fetchOpenClaw(gateway, {
      exchange,
      target,
      identity,
      kind,
      timeoutMs,
      headers: { "content-type": "application/json", "accept-encoding": "identity" },
      body,
    });
    await explain(answer, true);
    return answerOf(answer, exchange, run);
  } catch (error) {
    run.end(error instanceof GatewayError && BEFORE_A_RUN.has(error.code) ? 0 : undefined);
    throw error;
  }
}

function answerOf({ status, headers, body }: Response, exchange: Exchange, run: Run): Response {
  const { request, context } = exchange;
  const allowed = secured({ ...answerHeaders(headers, "run"), ...run.headers }, exchange);
  const events = headers.get("content-type")?.startsWith("text/event-stream") ?? false;
  if (!body || (!events && !run.counted)) {
    run.end(tokensUsed(status, false, undefined));
    return new Response(body, { status, headers: allowed });
  }
  const usage = run.counted ? new (events ? EventUsage : JsonUsage)() : undefined;
  const { readable, passed } = pass(body, request.signal, { events, see: (piece) => usage?.see(piece) });
  const ended = passed.then(({ aborted }) => run.end(tokensUsed(status, aborted, usage?.tokens())));
  context.waitUntil(ended);
  return new Response(readable, { status, headers: allowed });
}

/** OpenClaw refuses with 4xx before a run begins; with 5xx, or broken off, one may have used what it does not tell. */
function tokensUsed(status: number, aborted: boolean, told: number | undefined): number | undefined {
  if (status >= 400 && status < 500) return 0;
  return aborted ? undefined : told;
}
