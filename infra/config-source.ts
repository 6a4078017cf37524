import * as pulumi from "@pulumi/pulumi";
import {
  ConfigError,
  checkConfig,
  checkSharedConfig,
  type GatewayConfig,
  isShared,
  namespace,
  type SharedConfig,
} from "./config.ts";

/**
 * Reads and checks the config of the running stack.
 *
 * The raw values are read past pulumi.Config, which knows no object with a secret inside that can be looked at before
 * the program builds anything. What is secret is wrapped again where it is used.
 *
 * @throws RunError whose message lists every problem: Pulumi prints it without a stack trace
 */
export function readConfig(stack: string): GatewayConfig | SharedConfig {
  const entries = Object.entries(pulumi.runtime.allConfig())
    .filter(([key]) => key.startsWith(`${namespace}:`))
    .map(([key, value]) => [key.slice(namespace.length + 1), parsed(value)]);
  const raw = Object.fromEntries(entries) as Record<string, unknown>;
  try {
    return isShared(raw) ? checkSharedConfig(stack, raw) : checkConfig(stack, raw);
  } catch (error) {
    if (error instanceof ConfigError) throw new pulumi.RunError(error.message);
    throw error;
  }
}

/** Objects and arrays come as JSON; texts as they are, even those that look like a number. */
function parsed(value: string): unknown {
  if (!/^[[{]/.test(value)) return value;
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}
