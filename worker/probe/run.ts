import type { ProbeReport, ProbeVariable, ProbeWebhook } from "../../contract/probe.ts";
import { webhookUrlProblem } from "../../contract/webhook-url.ts";
import { strangeConnectors } from "./connectors.ts";
import { connectorsOf, counted, due, type Event, type Look, type Memory, told } from "./memory.ts";
import { signedHeaders } from "./signature.ts";

/** A webhook that takes longer is tried again at the next run. */
const webhookTimeoutMs = 10_000;

/** What a run of the probe needs from outside. */
export interface ProbeParts extends ProbeVariable {
  readonly webhooks: readonly ProbeWebhook[];
  /** What is wrong with a gateway's OpenClaw; nothing when it is ready. */
  readonly ask: (gateway: string) => Promise<string | undefined>;
  /** May read the connectors of `tunnels`. */
  readonly tunnelReadToken?: string | undefined;
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>;
  readonly nowMs: number;
  readonly log: (line: Record<string, unknown>) => void;
}

/**
 * One run: asks every gateway, and Cloudflare for their connectors, and tells the webhooks what has changed.
 * @returns what is to be remembered, and what was found
 */
export async function probe(
  before: Memory,
  parts: ProbeParts,
): Promise<{ readonly memory: Memory; readonly report: ProbeReport }> {
  const look = await lookAt(parts);
  const at = new Date(parts.nowMs).toISOString();
  let memory = counted(before, look, at);
  const report = { at, gateways: found(look, memory, parts.gateways) };
  parts.log({ event: "probe", failing: Object.keys(memory.failures) });
  const sent = parts.webhooks.map(async (webhook) => {
    const events = due(memory, look, webhook.name, parts.failures);
    if (events.length > 0 && (await send(webhook, events, parts)))
      memory = told(memory, webhook.name, events);
  });
  await Promise.all(sent);
  return { memory, report };
}

async function lookAt({ gateways, ask, tunnels = {}, tunnelReadToken, fetch }: ProbeParts): Promise<Look> {
  const ready = gateways.map(async (gateway) => [gateway, await ask(gateway)] as const);
  const connectors = Object.entries(tunnelReadToken ? tunnels : {}).map(
    async ([gateway, url]) =>
      [connectorsOf(gateway), await strangeConnectors(url, tunnelReadToken ?? "", fetch)] as const,
  );
  return Object.fromEntries(await Promise.all([...ready, ...connectors]));
}

/** Of the connectors `npm run family -- status` asks Cloudflare and the Pi itself. */
const found = (look: Look, { failures }: Memory, gateways: readonly string[]): ProbeReport["gateways"] =>
  Object.fromEntries(
    gateways.map((gateway) => {
      const reason = look[gateway];
      return [gateway, reason === undefined ? {} : { reason, since: failures[gateway]?.since }];
    }),
  );

/** Sends once, follows no redirect, and says whether it was taken. Nothing of the answer is kept or logged. */
async function send(webhook: ProbeWebhook, events: readonly Event[], parts: ProbeParts): Promise<boolean> {
  const { url, secret, name } = webhook;
  const problem = webhookUrlProblem(url);
  if (problem) {
    parts.log({ event: "webhook", name, outcome: `refused: not ${problem}` });
    return false;
  }
  const body = JSON.stringify({ version: 1, source: "openclaw-gateway", events });
  try {
    const answer = await parts.fetch(url, {
      method: "POST",
      body,
      headers: await signedHeaders(secret, body, parts.nowMs),
      redirect: "manual",
      signal: AbortSignal.timeout(webhookTimeoutMs),
    });
    await answer.body?.cancel();
    parts.log({ event: "webhook", name, outcome: answer.status });
    return answer.ok;
  } catch {
    parts.log({ event: "webhook", name, outcome: "no answer" });
    return false;
  }
}
