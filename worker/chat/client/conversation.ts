/** How an answer ended: as a whole, by the reader's wish, or in the middle by itself. */
export type Ending = "whole" | "stopped" | "broken";

export interface Turn {
  readonly question: string;
  /** Markdown; as much as came. */
  readonly answer: string;
  readonly ending: Ending;
}

/** Where OpenClaw keeps its own memory of a conversation. */
export interface Session {
  /** What the API takes as `user`: a session of its own for each value, within what is this person's. */
  readonly user: string;
  readonly model: string;
  /** When it was last used, in milliseconds since 1970. */
  readonly usedAt: number;
}

export interface Conversation {
  readonly id: string;
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly changedAt: number;
  readonly turns: readonly Turn[];
  /** The assistant that was asked last, as the API names it. */
  readonly model?: string;
  /** Missing when OpenClaw's memory is not known to be what stands here. */
  readonly session?: Session;
}

const NAME_LENGTH = 60;

export const newConversation = (): Conversation => ({
  id: crypto.randomUUID(),
  name: "New conversation",
  changedAt: Date.now(),
  turns: [],
});

/** A conversation is named by its first question. */
export function nameOf(question: string): string {
  const line = question.trim().split("\n", 1)[0] ?? "";
  if (line.length <= NAME_LENGTH) return line;
  const cut = line.slice(0, NAME_LENGTH);
  const space = cut.lastIndexOf(" ");
  return `${cut.slice(0, space > NAME_LENGTH / 2 ? space : NAME_LENGTH).replace(/[\ud800-\udbff]$/, "")}…`;
}

/** Whether what a browser has kept can be read as a conversation; another version of the page may have written it. */
export function isConversation(value: unknown): value is Conversation {
  const { id, name, changedAt, turns, model, session } = Object(value) as Partial<Record<string, unknown>>;
  return (
    [id, name].every((text) => typeof text === "string" && text !== "") &&
    Number.isFinite(changedAt) &&
    Array.isArray(turns) &&
    turns.every(isTurn) &&
    (model === undefined || typeof model === "string") &&
    (session === undefined || isSession(session))
  );
}

function isTurn(value: unknown): value is Turn {
  const { question, answer, ending } = Object(value) as Partial<Record<string, unknown>>;
  return (
    typeof question === "string" &&
    typeof answer === "string" &&
    ["whole", "stopped", "broken"].includes(String(ending))
  );
}

function isSession(value: unknown): value is Session {
  const { user, model, usedAt } = Object(value) as Partial<Record<string, unknown>>;
  return typeof user === "string" && typeof model === "string" && Number.isFinite(usedAt);
}
