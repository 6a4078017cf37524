/** An answer that cannot be taken: what is wrong with it, and what to do instead. */
export class Refusal extends Error {
  /** Stable, for scripts: it stands in the JSON result. */
  readonly code: string;

  constructor(code: string, what: string, mend?: string) {
    super(`${code}: ${what}${mend === undefined ? "" : `\n  ${mend}`}`);
    this.name = "Refusal";
    this.code = code;
  }
}

/** Ctrl-C, at a question or in between. */
export class Interrupted extends Error {
  constructor() {
    super("Interrupted.");
    this.name = "Interrupted";
  }
}
