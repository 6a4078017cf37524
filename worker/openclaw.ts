import { IDENTITY_HEADERS, SCOPES_HEADER, SCOPES_OF_ROLE } from "../contract/roles.ts";
import type { Gateway } from "./config.ts";
import { GatewayError } from "./errors.ts";
import type { Exchange } from "./exchange.ts";
import { clientHeaders } from "./headers.ts";
import type { Identity } from "./identity/auth.ts";
import type { Route } from "./routes.ts";
import { connectionError } from "./trouble.ts";
import { within } from "./within.ts";

/**
 * A VPC service picks its target by itself; the URL's host only fills Host. A name that never resolves
 * (RFC 6761, 6.4), because OpenClaw puts the Host into its pages' CSP as something they may connect to.
 */
const OPENCLAW = "http://openclaw.invalid";

/** What leads to an OpenClaw, and what it knows its callers by: nothing where only what is public there is asked. */
export type OpenClawWay = Pick<Gateway, "vpcService"> & Partial<Pick<Gateway, "signIn">>;

/** What of an exchange OpenClaw is told. */
export type Caller = Pick<Exchange, "request" | "address">;

/** One call of OpenClaw. */
export interface OpenClawCall {
  /** The client's: its address, allowed headers and abort signal go along. */
  readonly exchange: Caller;
  /** Path and query, built from the route and never copied from the client's URL. */
  readonly target: `/${string}`;
  /** Whom OpenClaw is told to answer; nothing for what is public on the Pi. */
  readonly identity: Identity | undefined;
  /** What says which headers of the client go along. */
  readonly kind?: Route["kind"];
  /** Headers that the gateway sets itself. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** How long its answer may take to begin; nothing: as long as the client waits. */
  readonly timeoutMs?: number;
}

/**
 * The one way to OpenClaw. Every fetch through the VPC service goes through here, WebSocket upgrades included,
 * because every one must carry X-Forwarded-For: without it OpenClaw takes the caller for a process on its own
 * machine, exempts it from its limits and pairs its devices silently, with the scopes they ask for.
 * @throws GatewayError CLIENT_ADDRESS_REFUSED, CLIENT_GONE, OPENCLAW_TIMEOUT, and those of `connectionError`
 */
export async function fetchOpenClaw(gateway: OpenClawWay, call: OpenClawCall): Promise<Response> {
  const { target, body, timeoutMs } = call;
  const { request } = call.exchange;
  const headers = openClawHeaders(gateway, call);
  const init: RequestInit =
    body === undefined
      ? { headers, redirect: "manual" }
      : { method: "POST", headers, body, redirect: "manual", signal: endingWith(request.signal) };
  try {
    const answer = gateway.vpcService.fetch(`${OPENCLAW}${target}`, init);
    return await (timeoutMs ? within(timeoutMs, answer, "OPENCLAW_TIMEOUT") : answer);
  } catch (error) {
    if (request.signal.aborted) throw new GatewayError("CLIENT_GONE", { cause: error });
    throw error instanceof GatewayError ? error : connectionError(error);
  }
}

/**
 * A signal that does what the client's does. The runtime ends a fetch with the request that it belongs to, and not with
 * the signal of that request: where something else is still waited for (`waitUntil`), it would go on. So it matters for
 * a run, which costs the Pi something and is counted to its end; elsewhere a signal is only work for the runtime.
 */
function endingWith(signal: AbortSignal): AbortSignal {
  const ending = new AbortController();
  signal.addEventListener("abort", () => ending.abort(signal.reason), { once: true });
  return ending.signal;
}

function openClawHeaders(gateway: OpenClawWay, call: OpenClawCall): Record<string, string> {
  const { address, request } = call.exchange;
  if (!address) throw new GatewayError("CLIENT_ADDRESS_REFUSED");
  const sent = clientHeaders(request.headers, call.kind);
  if (call.headers) Object.assign(sent, call.headers);
  if (call.identity) Object.assign(sent, vouch(call.identity, gateway.signIn));
  sent["x-forwarded-for"] = address;
  sent["x-forwarded-proto"] = "https";
  return sent;
}

/** In `token` mode OpenClaw knows the gateway alone; in `access` mode it is told who asks, and what they may. */
function vouch(identity: Identity, signIn: Gateway["signIn"] | undefined): Record<string, string> {
  if (!signIn) throw new TypeError("an identity needs a way to sign in");
  if (signIn.mode === "token") return { authorization: `Bearer ${signIn.gatewayToken}` };
  const scopes = SCOPES_OF_ROLE[identity.role];
  return {
    [IDENTITY_HEADERS.user]: identity.kind === "person" ? identity.email : `service:${identity.name}`,
    [IDENTITY_HEADERS.stack]: signIn.stack,
    ...(scopes ? { [SCOPES_HEADER]: scopes } : {}),
  };
}
