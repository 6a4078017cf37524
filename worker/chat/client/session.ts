import type { Message } from "./api.ts";
import type { Conversation, Turn } from "./conversation.ts";

/** OpenClaw never forgets a session by itself, but its owner may have set a time; the shortest in use is an hour. */
const REMEMBERED_MS = 30 * 60_000;
/** UTF-16 units: at most 600 KB, under the gateway's limit of 1 MiB. What is older than that stays out. */
const MAX_HISTORY = 200_000;

/** What is sent for a question. */
export interface Asking {
  readonly user: string;
  readonly messages: readonly Message[];
}

/**
 * OpenClaw keeps a session for each `user`, and puts the messages of a request before it as one text. So a question
 * goes alone where the session has all that was said; where it may not have (another assistant, an answer that was
 * stopped or asked for again, a long pause), a new session gets the conversation as a whole.
 * https://docs.openclaw.ai/gateway/openai-http-api (Session behavior)
 */
export function askingOf(
  { turns, session }: Conversation,
  question: string,
  model: string,
  now: number,
): Asking {
  const message: Message = { role: "user", content: question };
  if (session?.model === model && now - session.usedAt < REMEMBERED_MS) {
    return { user: session.user, messages: [message] };
  }
  return { user: crypto.randomUUID(), messages: [...historyOf(turns), message] };
}

function historyOf(turns: readonly Turn[]): Message[] {
  let room = MAX_HISTORY;
  const answered = turns.filter(({ answer }) => answer !== "");
  const first = answered.findLastIndex(({ question, answer }) => {
    room -= question.length + answer.length;
    return room < 0;
  });
  return answered.slice(first + 1).flatMap(({ question, answer }): Message[] => [
    { role: "user", content: question },
    { role: "assistant", content: answer },
  ]);
}
