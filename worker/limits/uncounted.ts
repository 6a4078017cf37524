import type { Gateway } from "../config.ts";
import type { GatewayError } from "../errors.ts";
import { detailOf } from "../log/causes.ts";
import { Sample } from "../log/flood.ts";
import { write } from "../log/log.ts";
import { NONE } from "../log/where.ts";

/** A binding that fails does so for every request: this many lines in a minute and isolate tell enough. */
const lines = new Sample(10, 60_000);

/**
 * Tells in the log of something that could not be counted while its request went on all the same, or was over already.
 * @param subject whose it was, as `subjectOf` names them, where that is known
 */
export function tellUncounted(error: GatewayError, { log }: Gateway, subject: string = NONE): void {
  if (!lines.take(Date.now())) return;
  const detail = detailOf(error, []);
  write("error", { event: "failure", requestId: NONE, ip: NONE, subject, code: error.code, detail }, log);
}
