import { test } from "vitest";

/**
 * A test that takes too long for every change, on a stage that is set for others anyway: `npm run test:long` runs it,
 * `npm test` names it as skipped.
 */
export const longTest: typeof test = process.env.TEST_LONG === "1" ? test : (test.skip as typeof test);
