import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Suites on a host of their own, most of whose time is waiting for it. */
const onAStage = ["rehearsal/stage.*.test.ts"];
/** One file at a time and alone: they look at what the machine as a whole has left over, or take the bundle away. */
const onTheMachine = [
  "cli/rehearse.test.ts",
  "cli/rehearse-cloudflared.test.ts",
  "rehearsal/host/host.test.ts",
  "infra/nothing-built.test.ts",
];

/** CI's cores: with a third one every test took half as long again, and the whole no less. */
const maxWorkers = 2;

/** The stages first: each takes minutes, and the parts fill what they leave of the workers. */
class StagesFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const first = sorted.filter(({ project }) => project.name === "stage");
    return [...first, ...sorted.filter((file) => !first.includes(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: StagesFirst },
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
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "stage",
          include: onAStage,
          // Some restart OpenClaw a dozen times, and one that is given up leaves an up behind that fails all that follow.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          globalSetup: "rehearsal/testing/machine-setup.ts",
          maxWorkers,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: "machine",
          include: onTheMachine,
          globalSetup: "rehearsal/testing/machine-setup.ts",
          fileParallelism: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
