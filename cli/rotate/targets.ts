import type { GatewayConfig } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import { apiKey } from "./api-key.ts";
import { gatewayToken } from "./gateway-token.ts";
import type { Kind } from "./kind.ts";
import { isModelKey, modelKey } from "./new-key.ts";
import { serviceToken } from "./service-token.ts";
import { tunnelToken } from "./tunnel-token.ts";

/** All that can be replaced in a stack. */
export const kindsOf = (config: GatewayConfig): readonly Kind[] => [
  ...config.serviceTokens.map(({ name }) => serviceToken(name)),
  ...(config.apiKeys.current === undefined ? [] : [apiKey]),
  ...(config.pi.abandoned || config.tunnel.id ? [] : [tunnelToken]),
];

/** What has an age: OpenClaw's own token too, whose replacement is a matter of its own. */
export const targetsOf = (config: GatewayConfig): readonly string[] => [
  ...kindsOf(config).map(({ target }) => target),
  ...(config.signIn === "token" && !config.pi.abandoned ? [gatewayToken] : []),
];

/**
 * The kinds that a command line names, but for OpenClaw's own token and model providers' keys. `service-token` alone stands for all service tokens.
 *
 * @throws Refusal for a name that the stack does not have
 */
export function named(config: GatewayConfig, stack: string, names: readonly string[]): readonly Kind[] {
  const kinds = kindsOf(config);
  const chosen = names.map((name) => {
    const found = kinds.filter(({ target }) => target === name || target.startsWith(`${name}:`));
    if (found.length > 0) return found;
    // What it knows but does not have says itself why.
    const absent = [apiKey, tunnelToken].find(({ target }) => target === name);
    if (absent) return [absent];
    if (name === gatewayToken || isModelKey(name)) return [];
    throw new Refusal(
      "ROTATION_UNKNOWN",
      `the stack ${stack} has no ${JSON.stringify(name)}`,
      `it has: ${[...targetsOf(config), ...(config.pi.abandoned ? [] : [modelKey])].join(", ")}`,
    );
  });
  return [...new Map(chosen.flat().map((kind) => [kind.target, kind])).values()];
}
