/** What the Pulumi program and the Worker agree on. Neither imports the other; both may import this. */

/** File name of the script's one module (`main_module` of the upload). */
export const WORKER_MAIN_MODULE = "worker.js";

/**
 * Pinned, because dates change the WebSocket bridge: from 2026-03-17 binary frames arrive as Blob unless
 * `binaryType` is set, from 2026-04-07 a Close is answered by the runtime unless `allowHalfOpen` is passed.
 * https://developers.cloudflare.com/workers/runtime-apis/websockets/
 */
export const WORKER_COMPATIBILITY_DATE = "2026-07-01";

/** `enable_request_signal`: without it a client that goes away is not seen by `request.signal`. */
export const WORKER_COMPATIBILITY_FLAGS: readonly string[] = ["enable_request_signal"];

/** Names of the Worker's bindings and variables, each with what it holds. */
export const WORKER_BINDINGS = {
  /** The VPC service that leads through the tunnel to OpenClaw. */
  vpcService: "VPC_SERVICE",
  /** The Access team as an https origin, such as `https://example.cloudflareaccess.com`. */
  teamDomain: "TEAM_DOMAIN",
  /** Audience tag of the Access application in front of this Worker. */
  audience: "POLICY_AUD",
  /** OpenClaw's gateway token. Secret. */
  gatewayToken: "OPENCLAW_GATEWAY_TOKEN",
} as const;
