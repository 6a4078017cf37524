/** What the Pulumi program and the probe Worker of a shared stack agree on. */

/** The Durable Object class in which the probe remembers who has failed how often, and who was told. */
export const PROBE_MEMORY_CLASS = "ProbeMemory";

/** The probe's bindings. */
export const PROBE_BINDINGS = {
  /** The Durable Object namespace of `PROBE_MEMORY_CLASS`. */
  memory: "MEMORY",
  /** The KV namespace that `ProbeReport` is put into, under `PROBE_REPORT_KEY`. */
  report: "REPORT",
  /** JSON of `ProbeVariable`. */
  probe: "PROBE",
  /** JSON of a list of `ProbeWebhook`. Secret. */
  webhooks: "WEBHOOKS",
  /** An API token that may read tunnels, where `ProbeVariable.tunnels` is set. Secret. */
  tunnelReadToken: "TUNNEL_READ_TOKEN",
} as const;

/** Under which key the last `ProbeReport` lies. */
export const PROBE_REPORT_KEY = "last";

/** What the probe has found, for whoever may read the account's KV. */
export interface ProbeReport {
  /** When, as ISO 8601. */
  readonly at: string;
  /** By gateway: nothing wrong, or why it is not ready and since when. */
  readonly gateways: Readonly<Record<string, { readonly reason?: string; readonly since?: string }>>;
}

/** Name of the VPC service binding that leads to a gateway's OpenClaw. */
export const probeBinding = (gateway: string): string =>
  `GATEWAY_${gateway.replaceAll("-", "_").toUpperCase()}`;

export interface ProbeVariable {
  /** Names of the gateways, each with a binding of `probeBinding`. */
  readonly gateways: readonly string[];
  /** After how many failures in a row the webhooks are told. */
  readonly failures: number;
  /** Where each gateway's connectors are listed, as a URL of Cloudflare's API by gateway; absent where nobody looks. */
  readonly tunnels?: Readonly<Record<string, string>>;
}

export interface ProbeWebhook {
  readonly name: string;
  readonly url: string;
  /** Key of the signature. */
  readonly secret: string;
}
