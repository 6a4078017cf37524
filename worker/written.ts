/**
 * JSON as text; nothing where it is nested so deeply that the runtime cannot write it: it reads without recursion, and
 * writes with it, so that a body of 40 KB of brackets would be a failure of the gateway's.
 */
export function written(value: object): string | undefined {
  try {
    return JSON.stringify(value);
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}
