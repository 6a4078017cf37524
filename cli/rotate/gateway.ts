import { setTimeout as pause } from "node:timers/promises";

/** What a request is signed in with. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiKey?: string | undefined;
}

/** How the gateway has answered: by its status, and the code of its own error where it has one. */
export interface GatewayAnswer {
  /** 0: there was none. */
  readonly status: number;
  /** Of the Worker's error object, or of its /ready. */
  readonly code: string;
  /** It is the Worker that has answered: Access has let the request through. */
  readonly byWorker: boolean;
}

const answerTimeoutMs = 30_000;

/** One request through the whole chain, as a program sends it. Access's login is an answer and not followed. */
export async function askGateway(
  url: string,
  path: string,
  credentials: Credentials,
): Promise<GatewayAnswer> {
  const { clientId, clientSecret, apiKey } = credentials;
  try {
    const response = await fetch(`${url}${path}`, {
      redirect: "manual",
      headers: {
        "CF-Access-Client-Id": clientId,
        "CF-Access-Client-Secret": clientSecret,
        ...(apiKey !== undefined && { authorization: `Bearer ${apiKey}` }),
      },
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    const told = (await response.json().catch(() => undefined)) as
      | { error?: { code?: string }; code?: string; status?: string }
      | undefined;
    const code = told?.error?.code ?? told?.code ?? "";
    return { status: response.status, code, byWorker: response.status === 200 || code !== "" };
  } catch (error) {
    const { cause, message } = error as Error & { cause?: { code?: string } };
    return { status: 0, code: cause?.code ?? message, byWorker: false };
  }
}

export const inWords = ({ status, code }: GatewayAnswer): string =>
  [status === 0 ? "no answer" : `an answer ${status}`, code && `(${code})`].filter(Boolean).join(" ");

/**
 * Asks until an answer is as wanted: a new secret, a new Worker and the end of an old secret take up to a minute to be
 * known everywhere at Cloudflare. It asks once at least, and not again once the time is over.
 *
 * @returns the last answer, whether wanted or not
 * @throws AbortError in a pause, once somebody has asked for an end
 */
export async function askUntil<Answer>(
  ask: () => Promise<Answer>,
  isWanted: (answer: Answer) => boolean,
  { withinMs, signal }: { withinMs: number; signal: AbortSignal },
): Promise<Answer> {
  const end = Date.now() + withinMs;
  for (;;) {
    const answer = await ask();
    if (isWanted(answer) || Date.now() >= end) return answer;
    await pause(Math.min(2_000, Math.max(100, withinMs / 10)), undefined, { signal });
  }
}
