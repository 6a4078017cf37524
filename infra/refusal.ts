import * as pulumi from "@pulumi/pulumi";
import type { ErrorCode } from "./error-codes.ts";

/**
 * A refusal of the program, in words: what is wrong and where, and what to do. Pulumi prints a RunError's message as
 * it is, without a stack trace.
 */
export class Refusal extends pulumi.RunError {
  readonly code: ErrorCode;

  /**
   * @param what one sentence without the code; further lines are indented by the caller
   * @param mend what to do, best a command as it is typed; stands on lines of its own
   */
  constructor(code: ErrorCode, what: string, ...mend: string[]) {
    super([`${code}: ${what}`, ...mend.map((line) => `  ${line}`)].join("\n"));
    this.code = code;
  }
}
