/** What the Pulumi program and the probe Worker of a shared stack agree on. */

/** The Durable Object class in which the probe remembers who has failed how often, and who was told. */
export const PROBE_MEMORY_CLASS = "ProbeMemory";

/** The probe's bindings. */
export const PROBE_BINDINGS = {
  /** The Durable Object namespace of `PROBE_MEMORY_CLASS`. */
  memory: "MEMORY",
  /** JSON of `ProbeVariable`. */
  probe: "PROBE",
  /** JSON of a list of `ProbeWebhook`. Secret. */
  webhooks: "WEBHOOKS",
} as const;

/** Name of the VPC service binding that leads to a gateway's OpenClaw. */
export const probeBinding = (gateway: string): string =>
  `GATEWAY_${gateway.replaceAll("-", "_").toUpperCase()}`;

export interface ProbeVariable {
  /** Names of the gateways, each with a binding of `probeBinding`. */
  readonly gateways: readonly string[];
  /** After how many failures in a row the webhooks are told. */
  readonly failures: number;
}

export interface ProbeWebhook {
  readonly name: string;
  readonly url: string;
  /** Key of the signature. */
  readonly secret: string;
}
