import * as pulumi from "@pulumi/pulumi";
import { Refusal } from "./refusal.ts";

/** That nobody answers now is one thing, however many have asked. */
const unanswered = /^CLOUDFLARE_(BUSY|UNREACHABLE):/;

/**
 * Waits for checks that run side by side, so that a person hears of all that stands in the way at once and not of one
 * thing a run.
 *
 * @returns what each has found
 * @throws the one refusal there is, or one Refusal with all of them; at once what is no refusal but a mistake
 */
export async function gather<T extends readonly unknown[]>(
  checks: readonly [...{ [K in keyof T]: Promise<T[K]> }],
): Promise<T> {
  const ended = await Promise.allSettled(checks);
  const errors = ended.flatMap((one) => (one.status === "rejected" ? [one.reason as Error] : []));
  const [first] = errors;
  if (first === undefined)
    return ended.map((one) => (one as PromiseFulfilledResult<unknown>).value) as unknown as T;
  const mistake = errors.find((error) => !(error instanceof pulumi.RunError));
  if (mistake) throw mistake;
  const all = errors.flatMap((error) => (error instanceof SeveralRefusals ? error.each : [error.message]));
  const kept = [...new Set(all)].filter(
    (text, index, texts) =>
      !unanswered.test(text) || texts.findIndex((one) => unanswered.test(one)) === index,
  );
  if (kept.length === 1) throw first;
  throw new SeveralRefusals(kept);
}

/** What several checks have refused, in whole. */
class SeveralRefusals extends Refusal {
  readonly each: readonly string[];

  constructor(each: readonly string[]) {
    super(
      "NOT_READY",
      `${each.length} things stand in the way, and nothing was touched:`,
      ...each.flatMap((text) => text.split("\n")),
    );
    this.each = each;
  }
}
