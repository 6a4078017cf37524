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

/** The gateway or OpenClaw refused; the message is meant for a person. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}

/** Names of the assistants one may talk to, the default one first. */
export async function models(): Promise<string[]> {
  const answer = await call("/v1/models");
  const { data } = (await answer.json()) as { data: { id: string }[] };
  const names = data.map(({ id }) => id);
  return names.sort((a, b) => Number(b === "openclaw/default") - Number(a === "openclaw/default"));
}

/** The assistant's answer, piece by piece. */
export async function* ask(model: string, messages: Message[], signal: AbortSignal): AsyncGenerator<string> {
  const answer = await call("/v1/chat/completions", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ model, messages, stream: true }),
    signal,
  });
  if (!answer.body) throw new RefusedError("The answer was empty.");
  for await (const data of eventData(answer.body)) {
    if (data === "[DONE]") return;
    const { choices, error } = JSON.parse(data) as Chunk;
    if (error) throw new RefusedError(error.message);
    const text = choices?.[0]?.delta?.content;
    if (text) yield text;
  }
  throw new RefusedError("The answer broke off.");
}

interface Chunk {
  readonly choices?: { readonly delta?: { readonly content?: string } }[];
  readonly error?: { readonly message: string };
}

/** With X-Requested-With, Access answers an expired session with 401; without, by a redirect that no script can follow. */
async function call(path: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, "x-requested-with": "XMLHttpRequest" };
  const answer = await fetch(path, { ...init, headers, redirect: "manual" });
  if (answer.status === 401 || answer.type === "opaqueredirect") throw new SignedOutError();
  if (!answer.ok) throw new RefusedError(await reasonOf(answer));
  return answer;
}

async function reasonOf(answer: Response): Promise<string> {
  try {
    const { error } = (await answer.json()) as { error: { message: string; code?: string } };
    return error.code ? `${error.message} (${error.code})` : error.message;
  } catch {
    return `The gateway answered with status ${answer.status}.`;
  }
}
