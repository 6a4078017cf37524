/** A step of the walk saw something else than it should. */
export class WalkError extends Error {}

/** @throws WalkError with what was seen */
export function expect(condition: boolean, seen: string): asserts condition {
  if (!condition) throw new WalkError(seen);
}
