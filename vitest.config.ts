import { defineConfig } from "vitest/config";

/** Suites on a host of their own, most of whose time is waiting for it. */
const onAStage = ["rehearsal/stage.*.test.ts"];
/** Tests that boot hosts: one file at a time, since they look at what the machine as a whole has left over. */
const onTheMachine = [
  "cli/rehearse.test.ts",
  "cli/rehearse-cloudflared.test.ts",
  "rehearsal/host/host.test.ts",
];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: "parts",
          include: ["{infra,contract,worker,rehearsal,cli,pi}/**/*.test.ts"],
          exclude: [...onAStage, ...onTheMachine, "**/*.long.test.ts"],
          globalSetup: "rehearsal/testing/parts-setup.ts",
          // Two cores: more engines, browsers and workerds side by side would only wait for each other.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "stage",
          include: onAStage,
          globalSetup: "rehearsal/testing/machine-setup.ts",
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: "machine",
          include: onTheMachine,
          globalSetup: "rehearsal/testing/machine-setup.ts",
          fileParallelism: false,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
