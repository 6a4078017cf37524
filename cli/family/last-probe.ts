import { PROBE_REPORT_KEY, type ProbeReport } from "../../contract/probe.ts";
import type { CloudflareApi } from "../../infra/cloudflare-api.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import type { StackOfFamily } from "./household.ts";
import { settingsOf } from "./look.ts";
import { builtShared, type SharedStack } from "./shared-stacks.ts";
import { atMost, usualParallel } from "./side-by-side.ts";
import { settingsIn } from "./stack-file.ts";

/** What the probe of the account's shared stack found last of one gateway. */
export interface LastProbe {
  readonly at: string;
  /** `ready`, or why not. */
  readonly found: string;
  readonly since?: string;
}

/** How long KV is waited for. */
const answerTimeoutMs = 10_000;

/**
 * Reads what the probes of the family's shared stacks found last. They are asked of Cloudflare's KV, with each shared
 * stack's own token; a probe that cannot be asked is as one that is not there.
 *
 * @returns by the gateway's stack
 */
export async function lastProbes(
  all: readonly StackOfFamily[],
  engine: Engine,
): Promise<ReadonlyMap<string, LastProbe>> {
  const accounts = new Map(
    await Promise.all(all.map(async ({ name, file }) => [name, (await settingsIn(file)).accountId] as const)),
  );
  const found = await atMost(usualParallel, await builtShared(all, engine), async (shared) => {
    const report = await reportOf(shared).catch(() => undefined);
    const here = accounts.get(shared.stack.name);
    return Object.entries(report?.gateways ?? {}).flatMap(([gateway, { reason = "ready", since }]) =>
      report && accounts.get(gateway) === here
        ? [[gateway, { at: report.at, found: reason, ...(since && { since }) }] as const]
        : [],
    );
  });
  return new Map(found.flat());
}

async function reportOf({ opened, probeReport }: SharedStack): Promise<ProbeReport | undefined> {
  if (probeReport === undefined) return undefined;
  const { api, accountId } = await settingsOf(opened);
  return readValue(
    `/accounts/${accountId}/storage/kv/namespaces/${probeReport}/values/${PROBE_REPORT_KEY}`,
    api,
  );
}

/** A value comes as it is and in no envelope (https://developers.cloudflare.com/api/resources/kv/). */
async function readValue(path: string, { baseUrl, token }: CloudflareApi): Promise<ProbeReport | undefined> {
  const response = await fetch(`${baseUrl}${path}`, {
    headers: { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(answerTimeoutMs),
  });
  return response.ok ? ((await response.json()) as ProbeReport) : undefined;
}
