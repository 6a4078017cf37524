import { isDeepStrictEqual } from "node:util";
import { type Difference, isUnknown, type Properties } from "./protocol.ts";

/**
 * Compares what a program wants with what is recorded.
 *
 * @param state outputs as recorded, which hold each input under its own name
 * @param oldInputs what the program wanted last time: a key that has left them is a change as well
 * @param inputs what it wants now, defaults included
 * @param replaceOn keys that cannot be changed in place
 */
export function compare(
  state: Properties,
  oldInputs: Properties,
  inputs: Properties,
  replaceOn: ReadonlySet<string>,
): Difference {
  const adds: string[] = [];
  const updates: string[] = [];
  for (const [key, wanted] of Object.entries(inputs)) {
    if (state[key] === undefined || state[key] === null) adds.push(key);
    else if (isUnknown(wanted) || !isDeepStrictEqual(state[key], wanted)) updates.push(key);
  }
  const deletes = Object.keys(oldInputs).filter((key) => !(key in inputs) && !key.startsWith("__"));
  const replaces = [...adds, ...updates, ...deletes].filter((key) => replaceOn.has(key));
  return { adds, updates, deletes, replaces };
}
