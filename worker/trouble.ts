import { type ErrorCode, GatewayError } from "./errors.ts";

/**
 * What a VPC service's exception says, in the words of RFC 9209 (section 2.3), as parts of its message.
 * https://developers.cloudflare.com/workers-vpc/reference/troubleshooting/
 */
const CONNECTION_TROUBLE: readonly (readonly [word: string, code: ErrorCode])[] = [
  ["destination_unavailable", "TUNNEL_DOWN"],
  ["connection_refused", "OPENCLAW_DOWN"],
  ["connection_terminated", "OPENCLAW_DOWN"],
  ["timeout", "OPENCLAW_TIMEOUT"],
  ["dns_error", "TUNNEL_UNSUITABLE"],
];

/** The error for a fetch that brought no answer. */
export function connectionError(cause: unknown): GatewayError {
  const text = String(cause);
  const code = CONNECTION_TROUBLE.find(([word]) => text.includes(word))?.[1];
  return new GatewayError(code ?? "OPENCLAW_UNREACHABLE", { cause });
}

/**
 * Looks at an answer for what the client cannot know or mend: a refused gateway token must not look like the
 * client's own, and "Not Found" means that the API is switched off.
 * @param api whether the route belongs to the API
 * @throws GatewayError OPENCLAW_API_DISABLED, OPENCLAW_TOKEN_REFUSED, OPENCLAW_PROXY_REFUSED or OPENCLAW_UNEXPECTED
 */
export function explain(answer: Response, api: boolean): void | Promise<void> {
  // Nearly all answers are of this kind, and a promise less is something.
  if (answer.status !== 200 || (api && !isJson(answer))) return explainOdd(answer, api);
}

async function explainOdd(answer: Response, api: boolean): Promise<void> {
  const code = await troubleOf(answer, api);
  if (!code) return;
  if (!answer.bodyUsed) await answer.body?.cancel();
  throw new GatewayError(code);
}

async function troubleOf(answer: Response, api: boolean): Promise<ErrorCode | undefined> {
  const { status } = answer;
  if (status === 401) return "OPENCLAW_TOKEN_REFUSED";
  if (status === 403 && (await errorType(answer.clone())) === "proxy_attribution_required") {
    return "OPENCLAW_PROXY_REFUSED";
  }
  if (status === 404 && api && !isJson(answer)) return "OPENCLAW_API_DISABLED";
  if (status >= 300 && status < 400 && status !== 304) return "OPENCLAW_UNEXPECTED";
  if (status === 200 && api && !isJson(answer) && !isEventStream(answer)) return "OPENCLAW_UNEXPECTED";
  return undefined;
}

const contentType = (answer: Response) => answer.headers.get("content-type") ?? "";
const isJson = (answer: Response) => contentType(answer).startsWith("application/json");
const isEventStream = (answer: Response) => contentType(answer).startsWith("text/event-stream");

async function errorType(answer: Response): Promise<unknown> {
  if (!isJson(answer)) return undefined;
  try {
    const { error } = await answer.json<{ error?: { type?: unknown } }>();
    return error?.type;
  } catch {
    return undefined;
  }
}
