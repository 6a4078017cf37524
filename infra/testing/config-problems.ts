import { anyHostKey } from "../../rehearsal/testing/cloud-stage.ts";
import { ConfigError, checkConfig } from "../config.ts";
import type { ConfigProblem } from "../config-problems.ts";

/** A raw config that has all it must have, and no more. */
export const goodConfig = {
  accountId: "0".repeat(32),
  pi: { host: "192.168.1.20", hostKey: anyHostKey },
  access: { emails: ["owner@example.com"] },
};

/** The problems that a raw config has, by key. */
export function problemsOf(
  raw: Record<string, unknown>,
  stack = "dev",
  check: (stack: string, raw: Record<string, unknown>) => unknown = checkConfig,
): Map<string, ConfigProblem> {
  try {
    check(stack, raw);
  } catch (error) {
    if (error instanceof ConfigError) return new Map(error.problems.map((problem) => [problem.key, problem]));
    throw error;
  }
  return new Map();
}
