/** Something of the account that a person may have meant. */
export interface Named {
  readonly id: string;
  readonly name?: string;
}

/** More are in the dashboard. */
const most = 8;

/** What there is, in words for a person who has named what there is not. */
export function thoseThereAre(all: readonly Named[]): string {
  if (all.length === 0) return "there is none";
  const shown = all.slice(0, most).map(({ id, name }) => (name ? `${id} ("${name}")` : id));
  const more = all.length - shown.length;
  return `there ${all.length === 1 ? "is" : "are"} ${shown.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
