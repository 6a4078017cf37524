import { GatewayError } from "./errors.ts";

/** Query parameters by which OpenClaw's pages and common clients take a secret. Compared in lower case. */
const SECRET_PARAMETERS = new Set(["token", "bootstraptoken", "password", "access_token", "api_key"]);

/**
 * The path of a request, for the router. An OpenAI SDK encodes the slash in a model's name, so that this one
 * spelling is read as what it means; every other encoded slash is refused by `checkUrl`.
 */
export function pathOf(url: string): string {
  const start = url.indexOf("/", url.indexOf("://") + 3);
  if (start < 0) return "/";
  const end = url.slice(start).search(/[?#]/);
  const path = end < 0 ? url.slice(start) : url.slice(start, start + end);
  return path.replace(/^\/v1\/models\/openclaw%2F(?=[\w-]+$)/i, "/v1/models/openclaw/");
}

/**
 * Refuses what edge, Worker and OpenClaw might read differently, and secrets that would be logged with the URL.
 * @throws GatewayError URL_REFUSED or SECRET_IN_URL
 */
export function checkUrl(url: string, path = pathOf(url)): void {
  if (!PLAIN.test(path) && !isPlain(path)) throw new GatewayError("URL_REFUSED");
  if (!url.includes("?")) return;
  for (const [name, value] of new URL(url).searchParams) {
    if (value && SECRET_PARAMETERS.has(name.toLowerCase())) throw new GatewayError("SECRET_IN_URL");
  }
}

/** What needs no decoding: segments that are not empty and do not begin with a dot. Most addresses are such. */
const PLAIN = /^(?:\/[\w-][\w.-]*)*\/?$/;

/** Whether a path, decoded once, holds nothing that a second reader could take for a separator or a step. */
function isPlain(path: string): boolean {
  let decoded: string;
  try {
    decoded = decodeURIComponent(path);
  } catch {
    return false;
  }
  const slashes = (text: string) => text.split("/").length;
  return (
    slashes(decoded) === slashes(path) && // no encoded slash
    !/[\\;%\p{Cc}]/u.test(decoded) && // backslash, parameter, encoded twice, control character
    !decoded.includes("//") &&
    !decoded.split("/").some((segment) => segment === "." || segment === "..")
  );
}
