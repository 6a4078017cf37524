import type { ErrorCode } from "../../infra/error-codes.ts";
import { Refusal } from "../../infra/refusal.ts";

/** What a script on the Pi has refused, from its standard error; nothing where it said something else. */
export function refusalOnPi(stderr: string): Refusal | undefined {
  const [, code, what = "", mend = ""] =
    /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+): (.*)\n {2}(.*)$/ms.exec(stderr.trimEnd()) ?? [];
  return code === undefined ? undefined : new Refusal(code as ErrorCode, what, mend);
}
