import { answersInProcess, type SharedAnswers } from "../../infra/shared-lookups.ts";

/** From a process that runs stacks: it needs an answer, has one, or could not get it. */
export type ToLookups =
  | { readonly wanted: string }
  | { readonly told: string; readonly answer?: unknown }
  | { readonly failed: string };

/** To one: the answer, or that it is the one to ask. */
export type FromLookups =
  | { readonly lookup: string; readonly answer?: unknown }
  | { readonly lookup: string; readonly ask: true };

/** A process that runs stacks. */
export type Asker = (message: FromLookups) => void;

/** What the processes of a run have asked Cloudflare, each thing once. */
export interface Lookups {
  hear(message: ToLookups, from: Asker): void;
  /** A process has ended, perhaps with a question that others wait for. */
  gone(asker: Asker): void;
}

export function openLookups(): Lookups {
  const answers = new Map<string, unknown>();
  const pending = new Map<string, { readonly by: Asker; readonly waiting: Asker[] }>();
  // Not one after the other: what nobody is told may take each of them half a minute.
  const askYourselves = (key: string) => {
    const waiting = pending.get(key)?.waiting ?? [];
    pending.delete(key);
    for (const asker of waiting) asker({ lookup: key, ask: true });
  };
  return {
    hear(message, from) {
      if ("failed" in message) return askYourselves(message.failed);
      if ("told" in message) {
        const { told: key, answer } = message;
        answers.set(key, answer);
        for (const asker of pending.get(key)?.waiting ?? []) asker({ lookup: key, answer });
        pending.delete(key);
        return;
      }
      const key = message.wanted;
      if (answers.has(key)) return from({ lookup: key, answer: answers.get(key) });
      const asked = pending.get(key);
      if (asked) return void asked.waiting.push(from);
      pending.set(key, { by: from, waiting: [] });
      from({ lookup: key, ask: true });
    },
    gone(asker) {
      for (const [key, { by, waiting }] of pending) {
        if (waiting.includes(asker)) waiting.splice(waiting.indexOf(asker), 1);
        if (by === asker) askYourselves(key);
      }
    },
  };
}

/**
 * The other end, in a process that runs stacks.
 *
 * @param send to the process that has the answers
 */
export function answersOfRun(send: (message: ToLookups) => void): SharedAnswers & {
  hear(message: FromLookups): void;
} {
  const own = answersInProcess();
  const open = new Map<string, (message: FromLookups) => void>();
  const askTheRun = async <T>(key: string, ask: () => Promise<T>): Promise<T> => {
    const reply = await new Promise<FromLookups>((resolve) => {
      open.set(key, resolve);
      send({ wanted: key });
    });
    open.delete(key);
    if (!("ask" in reply)) return reply.answer as T;
    try {
      const answer = await ask();
      send({ told: key, answer });
      return answer;
    } catch (error) {
      send({ failed: key });
      throw error;
    }
  };
  return {
    lookup: (key, ask) => own.lookup(key, () => askTheRun(key, ask)),
    hear: (message) => open.get(message.lookup)?.(message),
  };
}
