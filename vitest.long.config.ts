import { globSync, readFileSync } from "node:fs";
import { defineConfig } from "vitest/config";

const rooms = "{cli,infra,pi,rehearsal,worker}";
const withLongTests = globSync(`${rooms}/**/*.test.ts`).filter((file) =>
  readFileSync(file, "utf8").includes("testing/long-test.ts"),
);

/** What takes too long for every change: repetitions, kills, several at once; and the stages with their long tests. */
export default defineConfig({
  test: {
    include: [`${rooms}/**/*.long.test.ts`, "rehearsal/stage.*.test.ts", ...withLongTests],
    globalSetup: ["rehearsal/testing/parts-setup.ts", "rehearsal/testing/machine-setup.ts"],
    env: { TEST_LONG: "1" },
    testTimeout: 300_000,
    hookTimeout: 300_000,
    fileParallelism: false,
  },
});
