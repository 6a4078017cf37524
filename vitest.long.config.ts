import { defineConfig } from "vitest/config";

/** What takes too long for every change: repetitions, kills, several at once; and the stages with their long tests. */
export default defineConfig({
  test: {
    include: [
      "{cli,infra,pi,rehearsal,worker}/**/*.long.test.ts",
      "rehearsal/stage.*.test.ts",
      "infra/{ssh,pi-move,pi-abandoned,hostnames,adopt}.test.ts",
      "cli/{rehearse,family/family}.test.ts",
    ],
    globalSetup: ["rehearsal/testing/parts-setup.ts", "rehearsal/testing/machine-setup.ts"],
    env: { TEST_LONG: "1" },
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
