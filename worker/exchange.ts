import type { Gateway } from "./config.ts";
import type { Identity } from "./identity/auth.ts";

/** One request on its way through the gateway, with what has been found out about it so far. */
export interface Exchange {
  readonly request: Request;
  readonly requestId: string;
  /** When it came, in milliseconds since 1970. A Worker's clock stands still while it computes. */
  readonly startedAt: number;
  readonly context: ExecutionContext;
  gateway?: Gateway;
  identity?: Identity;
  /** Name of the route that it takes, such as `POST /v1/chat/completions`: never the client's own string. */
  route?: string;
}
