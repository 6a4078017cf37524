import { test } from "vitest";

/** Whether the long tests run. */
export const atLength = process.env.TEST_LONG === "1";

/**
 * A test that takes too long for every change, on a stage that is set for others anyway: `npm run test:long` runs it,
 * `npm test` names it as skipped.
 */
export const longTest: typeof test = atLength ? test : (test.skip as typeof test);
