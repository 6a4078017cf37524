import { defineConfig } from "vitest/config";

/** What takes too long for every change: repetitions, kills, several at once. */
export default defineConfig({
  test: { include: ["{cli,infra,pi,rehearsal,worker}/**/*.long.test.ts"], fileParallelism: false },
});
