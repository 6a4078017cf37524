import { gatewayToken } from "./gateway-token.ts";
import { isModelKey } from "./new-key.ts";
import { type OpenStack, readStackConfig } from "./open-stack.ts";
import { type Pending, type Record, readRecord } from "./record.ts";

/**
 * How each rotation that is under way stands: what was seen, which secret is good where, and what goes on with it. For
 * whoever's run ended in the middle.
 *
 * @returns lines; none where nothing is under way, or the stack's config cannot be read
 */
export async function standingOf(stack: OpenStack): Promise<string[]> {
  const config = await readStackConfig(stack).catch(() => undefined);
  return config ? standingIn(stack.name, readRecord(config)) : [];
}

export const standingIn = (stack: string, { pending }: Pick<Record, "pending">): string[] =>
  Object.entries(pending).map(
    ([target, state]) =>
      `${target}: ${inWords(target, state)}; go on: ${[`npm run rotate -- --stack ${stack}`, ...next(target, state)].join(" ")}`,
  );

function inWords(target: string, { phase, until }: Pending): string {
  if (phase === "building") return begun(target, until);
  if (phase === "lost") return "a new one was asked for, and the stack does not have it; the old one goes on";
  if (phase === "ending") return "the new one works; the old one was ended, and not yet seen refused";
  return overlaps(target)
    ? `the new one works; the old one is good until ${until}`
    : "the new one works; whether the old one is refused was not seen";
}

function begun(target: string, until: string): string {
  if (target === gatewayToken)
    return "begun, and both the old and the new one are kept, encrypted; while OpenClaw and the Worker have different ones, every request through the gateway ends in OPENCLAW_TOKEN_REFUSED";
  if (isModelKey(target))
    return "begun, and whether OpenClaw has the new one was not seen; it is kept, encrypted, until then, so leave the old one alive at its provider";
  if (overlaps(target))
    return `a new one was asked for and has not been seen to work; the old one is good, at least until ${until}`;
  return "a new one was asked for and has not been seen to work; once it is built the Pi's connector has it, and Cloudflare refuses the old one to connectors that come anew";
}

const overlaps = (target: string): boolean => target.startsWith("service-token:") || target === "api-key";

function next(target: string, { phase }: Pending): string[] {
  if (phase === "overlap" || phase === "ending") return ["--finish"];
  // By its name a new key is asked for; without one it goes on with the one that is kept.
  if (isModelKey(target)) return [];
  return phase === "lost" && overlaps(target) ? [target, "--overlap 0"] : [target];
}
