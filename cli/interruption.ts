import { setTimeout } from "node:timers/promises";

/** What a run that was interrupted ended with. */
export class Interrupted extends Error {
  /** @param words what stands done and what does not, where that is to be said */
  constructor(words = "Interrupted.") {
    super(words);
  }
}

/** Ctrl-C, and SIGTERM alike, for a run that has something to take down. */
export interface Interruption {
  /** Aborted by the first Ctrl-C, or by `abort`. */
  readonly signal: AbortSignal;
  abort(reason: unknown): void;
  /** Waits for the work, or for its interruption and then a little for what it was in. */
  interruptible(work: Promise<void>): Promise<void>;
  /** Waits for a Ctrl-C that is no interruption but the way on. */
  untilAsked(): Promise<void>;
}

/** An engine that is told to stop finishes the operation it is in; the longest is the connector's. */
const patienceMs = 90_000;

/** Listens from now on. After one Ctrl-C a second one ends the process at once; the next run clears what is left then. */
export function listenForInterruption(): Interruption {
  const controller = new AbortController();
  let onSignal = () => {
    controller.abort(new Interrupted());
    onSignal = () => process.exit(1);
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => onSignal());
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    async interruptible(work) {
      const interrupted = new Promise<never>((_resolve, reject) => {
        controller.signal.addEventListener("abort", () => reject(controller.signal.reason));
      });
      try {
        await Promise.race([work, interrupted]);
      } catch (error) {
        await Promise.race([work.catch(() => {}), setTimeout(patienceMs)]);
        throw error;
      }
    },
    async untilAsked() {
      const interrupt = onSignal;
      await new Promise<void>((resolve) => {
        onSignal = resolve;
      });
      onSignal = interrupt;
    },
  };
}
