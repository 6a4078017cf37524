import { IDENTITY_HEADERS } from "../contract/roles.ts";
import { publicAddress } from "./address.ts";
import type { Gateway } from "./config.ts";
import { GatewayError } from "./errors.ts";
import { clientHeaders } from "./headers.ts";
import type { Identity } from "./identity/auth.ts";
import { connectionError } from "./trouble.ts";

/**
 * A VPC service picks its target by itself; the URL's host only fills Host. A name that never resolves
 * (RFC 6761, 6.4), because OpenClaw puts the Host into its pages' CSP as something they may connect to.
 */
const OPENCLAW = "http://openclaw.invalid";

/** One call of OpenClaw. */
export interface OpenClawCall {
  /** The client's request: its address, allowed headers, body and abort signal go along. */
  readonly client: Request;
  /** Path and query, built from the route and never copied from the client's URL. */
  readonly target: `/${string}`;
  /** Whom OpenClaw is told to answer; nothing for what is public on the Pi. */
  readonly identity: Identity | undefined;
  /** Headers that the gateway sets itself. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The one way to OpenClaw. Every fetch through the VPC service goes through here, WebSocket upgrades included,
 * because every one must carry X-Forwarded-For: without it OpenClaw takes the caller for a process on its own
 * machine, exempts it from its limits and pairs its devices silently, with the scopes they ask for.
 * @throws GatewayError CLIENT_ADDRESS_REFUSED, and those of `connectionError`
 */
export async function fetchOpenClaw(gateway: Gateway, call: OpenClawCall): Promise<Response> {
  const { client, target, identity } = call;
  const address = publicAddress(client.headers.get("cf-connecting-ip"));
  if (!address) throw new GatewayError("CLIENT_ADDRESS_REFUSED");
  const headers = clientHeaders(client.headers);
  for (const [name, value] of Object.entries(call.headers ?? {})) headers.set(name, value);
  if (identity) vouch(headers, identity, gateway);
  headers.set("x-forwarded-for", address);
  headers.set("x-forwarded-proto", "https");
  try {
    return await gateway.vpcService.fetch(`${OPENCLAW}${target}`, {
      method: client.method === "HEAD" ? "GET" : client.method,
      headers,
      body: client.body,
      redirect: "manual",
      signal: client.signal,
    });
  } catch (error) {
    throw connectionError(error);
  }
}

/** In `token` mode OpenClaw knows the gateway alone; in `access` mode it is told who asks. */
function vouch(headers: Headers, identity: Identity, { signIn }: Gateway): void {
  if (signIn.mode === "token") {
    headers.set("authorization", `Bearer ${signIn.gatewayToken}`);
    return;
  }
  headers.set(
    IDENTITY_HEADERS.user,
    identity.kind === "person" ? identity.email : `service:${identity.name}`,
  );
  headers.set(IDENTITY_HEADERS.stack, signIn.stack);
}
