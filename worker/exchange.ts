import { publicAddress } from "./address.ts";
import type { Gateway } from "./config.ts";
import type { Identity } from "./identity/auth.ts";

/** One request on its way through the gateway, with what has been found out about it so far. */
export interface Exchange {
  readonly request: Request;
  readonly requestId: string;
  /** When it came, in milliseconds since 1970. A Worker's clock stands still while it computes. */
  readonly startedAt: number;
  readonly context: ExecutionContext;
  /** The client's own, as Cloudflare names it; nothing where that is no public one. */
  readonly address: string | undefined;
  /** Whether its answer was made with all the headers that every answer has. */
  secured?: boolean;
  gateway?: Gateway;
  identity?: Identity;
  /** Name of the route that it takes, such as `POST /v1/chat/completions`: never the client's own string. */
  route?: string;
}

/** A request that has been let in. */
export interface Found {
  readonly exchange: Exchange;
  readonly gateway: Gateway;
  readonly identity: Identity;
}

export const beginExchange = (request: Request, context: ExecutionContext): Exchange => ({
  request,
  requestId: `req_${crypto.randomUUID().replaceAll("-", "")}`,
  startedAt: Date.now(),
  context,
  address: publicAddress(request.headers.get("cf-connecting-ip")),
});
