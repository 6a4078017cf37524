/** What one code says, for a person who looks it up. */
export interface ErrorEntry {
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence; commands stand as they are typed. */
  readonly mend: string;
}

export const report = "This is a mistake in openclaw-gateway: please report it.";
