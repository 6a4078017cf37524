import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["{infra,contract,worker,rehearsal,cli,pi}/**/*.test.ts"],
    globalSetup: "rehearsal/testing/setup.ts",
    // Two cores: engines, Debian hosts and workerd side by side would only wait for each other.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
