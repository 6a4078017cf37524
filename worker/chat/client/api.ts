import { eventData } from "./stream.ts";

/** One turn of a conversation, as the API takes it. */
export interface Message {
  readonly role: "user" | "assistant";
  readonly content: string;
}

/** The sign-in has ended: only a new page load leads to the login. */
export class SignedOutError extends Error {
  override readonly name = "SignedOutError";
}

/** The answer ended before its end. */
export class BrokenOffError extends Error {
  override readonly name = "BrokenOffError";
}

/** The gateway, OpenClaw or Cloudflare refused; the message is the refusal's own. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
  readonly status: number;
  readonly code: string;
  /** Leads to the log line; empty where the answer names none. */
  readonly requestId: string;
  /** From when on it makes sense to ask again, in milliseconds since 1970. */
  readonly againAt: number | undefined;

  constructor(
    answer: Response,
    { message = "", code = "" }: { message?: string; code?: string | null } = {},
  ) {
    super(message);
    this.status = answer.status;
    this.code = code ?? "";
    this.requestId = answer.headers.get("x-request-id") ?? answer.headers.get("cf-ray") ?? "";
    this.againAt = timeOf(answer.headers.get("retry-after"));
  }
}

/** What is left of the day, where the gateway counts. */
export interface DayLeft {
  readonly requests: number | undefined;
  readonly tokens: number | undefined;
}

/** An answer that has begun. */
export interface Answer {
  readonly left: DayLeft;
  /** Its text, piece by piece. @throws RefusedError, BrokenOffError; TypeError when the network fails */
  readonly pieces: AsyncIterable<string>;
}

/** The models that one may talk to, as the API names them. @throws SignedOutError, RefusedError, TypeError */
export async function models(): Promise<string[]> {
  const answer = await call("/v1/models");
  const { data } = (await answer.json()) as { data: { id: string }[] };
  return data.map(({ id }) => id);
}

/** Asks the assistant. @throws SignedOutError, RefusedError, TypeError */
export async function ask(
  request: { readonly model: string; readonly user: string; readonly messages: readonly Message[] },
  signal: AbortSignal,
): Promise<Answer> {
  const answer = await call("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...request, stream: true }),
    signal,
  });
  const left = (what: string) => {
    const value = answer.headers.get(`x-ratelimit-remaining-${what}`);
    return value === null ? undefined : Number(value);
  };
  return { left: { requests: left("requests"), tokens: left("tokens") }, pieces: piecesOf(answer) };
}

interface Chunk {
  readonly choices?: { readonly delta?: { readonly content?: string } }[];
  readonly error?: { readonly message: string; readonly code?: string };
}

async function* piecesOf(answer: Response): AsyncGenerator<string> {
  if (!answer.body) throw new BrokenOffError();
  for await (const data of eventData(answer.body)) {
    if (data === "[DONE]") return;
    const { choices, error } = JSON.parse(data) as Chunk;
    if (error) throw new RefusedError(answer, error);
    const text = choices?.[0]?.delta?.content;
    if (text) yield text;
  }
  throw new BrokenOffError();
}

/** With X-Requested-With, Access answers an expired session with 401; without, by a redirect that no script can follow. */
async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, "x-requested-with": "XMLHttpRequest" };
  const answer = await fetch(path, { ...init, headers, redirect: "manual" });
  if (answer.ok) return answer;
  const refusal = new RefusedError(answer, await reasonOf(answer));
  const signedOut = answer.status === 401 && !refusal.code.startsWith("API_KEY");
  throw signedOut || answer.type === "opaqueredirect" ? new SignedOutError() : refusal;
}

/** OpenAI's error object; whoever stands before the gateway may answer with something else. */
async function reasonOf(answer: Response): Promise<{ message?: string; code?: string }> {
  try {
    const { error } = (await answer.json()) as { error?: { message?: string; code?: string } };
    return error ?? {};
  } catch {
    return {};
  }
}

/** Retry-After is a number of seconds or a date (RFC 9110, 10.2.3). */
function timeOf(retryAfter: string | null): number | undefined {
  if (retryAfter === null) return undefined;
  const at = /^\d+$/.test(retryAfter) ? Date.now() + Number(retryAfter) * 1000 : Date.parse(retryAfter);
  return Number.isNaN(at) ? undefined : at;
}
