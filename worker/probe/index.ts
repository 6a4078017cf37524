import { DurableObject } from "cloudflare:workers";
import {
  PROBE_BINDINGS,
  PROBE_REPORT_KEY,
  type ProbeReport,
  type ProbeVariable,
  type ProbeWebhook,
  probeBinding,
} from "../../contract/probe.ts";
import { obstacle } from "../ready.ts";
import { type Memory, nothing } from "./memory.ts";
import { reportDue } from "./report.ts";
import { probe } from "./run.ts";

interface Env {
  readonly MEMORY: DurableObjectNamespace<ProbeMemory>;
  readonly REPORT: KVNamespace;
  readonly [name: string]: unknown;
}

/**
 * Whom OpenClaw sees in X-Forwarded-For: an address for documentation (RFC 5737), which is nobody's. There is no client
 * here, and a call without one OpenClaw takes for a process on its own machine.
 */
const PROBE_ADDRESS = "192.0.2.1";

/** Runs the probe and remembers what it found: one object, so that a new version or a restart forgets nothing. */
export class ProbeMemory extends DurableObject<Env> {
  #running = false;

  /** One run. A run that meets another one leaves it alone. */
  async run(): Promise<void> {
    if (this.#running) return;
    this.#running = true;
    try {
      const before = (await this.ctx.storage.get<Memory>("memory")) ?? nothing;
      const variable = JSON.parse(String(this.env[PROBE_BINDINGS.probe])) as ProbeVariable;
      const webhooks = JSON.parse(String(this.env[PROBE_BINDINGS.webhooks])) as ProbeWebhook[];
      const { memory, report } = await probe(before, {
        ...variable,
        webhooks,
        tunnelReadToken: this.env[PROBE_BINDINGS.tunnelReadToken] as string | undefined,
        ask: (gateway) => this.#ask(gateway),
        fetch: (url, init) => fetch(url, init),
        nowMs: Date.now(),
        log: (line) => console.log(JSON.stringify(line)),
      });
      await this.ctx.storage.put("memory", memory);
      await this.#publish(report);
    } finally {
      this.#running = false;
    }
  }

  /** No alarm waits for it: what cannot be written is written at the next run. */
  async #publish(report: ProbeReport): Promise<void> {
    if (!reportDue(report, await this.ctx.storage.get<ProbeReport>("report"))) return;
    try {
      await this.env.REPORT.put(PROBE_REPORT_KEY, JSON.stringify(report));
      await this.ctx.storage.put("report", report);
    } catch {
      console.log(JSON.stringify({ event: "report", outcome: "not written" }));
    }
  }

  async #ask(gateway: string): Promise<string | undefined> {
    const vpcService = this.env[probeBinding(gateway)] as Fetcher;
    const request = new Request("https://probe.invalid/ready");
    try {
      return await obstacle({ request, address: PROBE_ADDRESS }, { vpcService });
    } catch {
      return "OPENCLAW_UNEXPECTED";
    }
  }
}

/** Has no address of its own: Cloudflare's clock is the only one that calls. */
export default {
  scheduled: async (_controller, env) => env.MEMORY.getByName("probe").run(),
} satisfies ExportedHandler<Env>;
