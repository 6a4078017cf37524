import type { Gateway } from "./config.ts";

/** Answers a preflight here: it carries no identity and never reaches OpenClaw, which answers OPTIONS with 405. */
export function preflight(_request: Request, _gateway: Gateway): Response {
  return new Response(null, { status: 204 });
}

/** Lets the page of an allowed origin read an answer; sets its headers in place. */
export function allowOrigin(_headers: Headers, _request: Request, _gateway: Gateway): void {}
