import { ask, type DayLeft } from "./api.ts";
import { type Conversation, type Ending, nameOf, newConversation, type Turn } from "./conversation.ts";
import { clearLog, type ShownTurn, showTurn } from "./log.ts";
import { askingOf } from "./session.ts";
import type { ConversationStore } from "./store.ts";
import { type Trouble, troubleOf } from "./trouble.ts";

/** An answer that is being written. */
interface Run {
  readonly control: AbortController;
  readonly question: string;
  answer: string;
  /** Nothing while another conversation is on the page. */
  shown: ShownTurn | undefined;
}

/** What a talk needs of the page around it. */
export interface Surroundings {
  model(): string;
  draft(): string;
  setDraft(text: string): void;
  /** Something has changed: what is there, which one is open, or whether it is being answered. */
  changed(): void;
  left(left: DayLeft): void;
  /** An answer of the open conversation has ended; `text` as a person reads it. */
  ended(text: string, ending: Ending): void;
  trouble(trouble: Trouble, retry: () => void): void;
  /** The browser does not keep what was said. */
  notKept(): void;
}

/** The conversation on the page, and the answers that are being written in all of them. */
export class Talk {
  readonly #store: ConversationStore;
  readonly #page: Surroundings;
  readonly #runs = new Map<string, Run>();
  #open = newConversation();

  constructor(store: ConversationStore, page: Surroundings) {
    this.#store = store;
    this.#page = page;
  }

  get conversation(): Conversation {
    return this.#open;
  }

  /** Whether the open conversation is being answered. */
  get busy(): boolean {
    return this.#runs.has(this.#open.id);
  }

  /** Puts a conversation on the page: a new one where there is none of this id. */
  open(id?: string): void {
    const left = this.#runs.get(this.#open.id);
    if (left) left.shown = undefined;
    this.#open = (id && this.#store.get(id)) || newConversation();
    const run = this.#runs.get(this.#open.id);
    clearLog();
    for (const turn of this.#open.turns) {
      const shown = showTurn(turn.question);
      const running = run && turn === this.#open.turns.at(-1);
      shown.append(running ? run.answer : turn.answer);
      if (running) run.shown = shown;
      else shown.finish(turn);
    }
    this.#page.changed();
  }

  stop(): void {
    this.#runs.get(this.#open.id)?.control.abort();
  }

  delete(id: string): void {
    this.#runs.get(id)?.control.abort();
    this.#store.delete(id);
    if (id === this.#open.id) this.open();
    else this.#page.changed();
  }

  clear(): void {
    for (const { control } of this.#runs.values()) control.abort();
    this.#store.clear();
    this.open();
  }

  rename(id: string, name: string): void {
    const conversation = this.#store.get(id);
    if (conversation && name !== "") this.#keep({ ...conversation, name });
  }

  /** Asks for the last answer once more, in its place. Where nothing comes, the old one stays. */
  again(): void {
    const replaced = this.#open.turns.at(-1);
    if (!replaced || this.busy) return;
    this.#open = { ...this.#open, turns: this.#open.turns.slice(0, -1), session: undefined };
    void this.ask(replaced.question, replaced);
  }

  /** The page goes away: what has come of running answers is kept. */
  keepUnfinished(): void {
    for (const [id, run] of this.#runs) {
      const conversation = this.#store.get(id);
      if (conversation) this.#keep(withLast(conversation, turnOf(run, "broken")));
    }
  }

  /** Asks in the open conversation, and stays with the answer to its end. */
  async ask(question: string, replaced?: Turn): Promise<void> {
    const before = this.#open;
    if (this.busy) return;
    const model = this.#page.model();
    const asking = askingOf(before, question, model, Date.now());
    const run: Run = { control: new AbortController(), question, answer: "", shown: undefined };
    this.#runs.set(before.id, run);
    this.#keep({
      ...before,
      name: before.turns.length === 0 && !this.#store.get(before.id) ? nameOf(question) : before.name,
      changedAt: Date.now(),
      turns: [...before.turns, turnOf(run, "broken")],
      model,
      session: undefined,
    });
    if (replaced) this.open(before.id);
    else run.shown = showTurn(question);
    let ending: Ending = "whole";
    let trouble: Trouble | undefined;
    try {
      const answer = await ask({ model, ...asking }, run.control.signal);
      this.#page.left(answer.left);
      for await (const piece of answer.pieces) {
        run.answer += piece;
        run.shown?.append(piece);
      }
    } catch (error) {
      ending = run.control.signal.aborted ? "stopped" : "broken";
      if (ending === "broken") trouble = troubleOf(error);
    }
    this.#runs.delete(before.id);
    const kept = this.#store.get(before.id);
    if (!kept) return; // deleted meanwhile
    const session = ending === "whole" ? { user: asking.user, model, usedAt: Date.now() } : undefined;
    this.#end(run, { ...withLast(kept, turnOf(run, ending)), session }, ending, replaced);
    if (trouble && run.shown) this.#page.trouble(trouble, () => this.#retry(question));
  }

  /** What came stays, whatever happened. Where nothing came, all is as it was before the question. */
  #end(run: Run, conversation: Conversation, ending: Ending, replaced: Turn | undefined): void {
    const turn = turnOf(run, ending);
    const takeBack = run.answer === "" && ending !== "whole" && run.shown && this.#page.draft() === "";
    if (run.answer === "" && replaced) {
      this.#keep(withLast(conversation, replaced));
      this.open(run.shown ? conversation.id : this.#open.id);
    } else if (takeBack) {
      const turns = conversation.turns.slice(0, -1);
      this.#keep({ ...conversation, turns });
      if (turns.length === 0) this.#store.delete(conversation.id);
      run.shown?.remove();
      this.#page.setDraft(run.question);
      if (turns.length === 0) this.open();
    } else {
      this.#keep(conversation);
      const text = run.shown?.finish(turn);
      if (text !== undefined) this.#page.ended(text, ending);
    }
    this.#page.changed();
  }

  /** The question is in the draft again, or still the last one of the conversation. */
  #retry(question: string): void {
    if (this.#page.draft().trim() === question) {
      this.#page.setDraft("");
      void this.ask(question);
    } else {
      this.again();
    }
  }

  #keep(conversation: Conversation): void {
    if (!this.#store.save(conversation)) this.#page.notKept();
    if (conversation.id === this.#open.id) this.#open = conversation;
    this.#page.changed();
  }
}

const turnOf = ({ question, answer }: Run, ending: Ending): Turn => ({ question, answer, ending });

const withLast = (conversation: Conversation, turn: Turn): Conversation => ({
  ...conversation,
  turns: [...conversation.turns.slice(0, -1), turn],
});
