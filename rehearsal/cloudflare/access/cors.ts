import type { AccessApp } from "../account.ts";
import type { EdgeAnswer, EdgeRequest } from "./passage.ts";

interface CorsSettings {
  readonly allow_all_origins?: boolean;
  readonly allowed_origins?: readonly string[];
  readonly allow_all_methods?: boolean;
  readonly allowed_methods?: readonly string[];
  readonly allow_all_headers?: boolean;
  readonly allowed_headers?: readonly string[];
  readonly allow_credentials?: boolean;
  readonly max_age?: number;
}

/** CORS headers that the application's settings add to an answer. */
export function corsHeaders(app: AccessApp, request: EdgeRequest): Record<string, string> {
  const settings = app.sent.cors_headers as CorsSettings | null | undefined;
  const origin = request.headers.origin;
  if (!settings || typeof origin !== "string") return {};
  if (!settings.allow_all_origins && !settings.allowed_origins?.includes(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    vary: "Origin",
    ...(settings.allow_credentials ? { "access-control-allow-credentials": "true" } : {}),
  };
}

/**
 * Access answers preflights itself once CORS settings exist, and refuses all of them before
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/cors/).
 */
export function answerPreflight(app: AccessApp, request: EdgeRequest): EdgeAnswer | undefined {
  const settings = app.sent.cors_headers as CorsSettings | null | undefined;
  const allowed = corsHeaders(app, request);
  if (!settings || Object.keys(allowed).length === 0) return undefined;
  const methods = settings.allow_all_methods
    ? String(request.headers["access-control-request-method"])
    : (settings.allowed_methods ?? []).join(", ");
  const wanted = String(request.headers["access-control-request-headers"] ?? "");
  const headers = settings.allow_all_headers ? wanted : (settings.allowed_headers ?? []).join(", ");
  const age: Record<string, string> =
    settings.max_age === undefined ? {} : { "access-control-max-age": String(settings.max_age) };
  return {
    status: 200,
    headers: {
      ...allowed,
      "access-control-allow-methods": methods,
      "access-control-allow-headers": headers,
      ...age,
    },
    body: "",
  };
}
