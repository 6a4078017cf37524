import Cloudflare from "cloudflare";
import { type CertificateAuthority, createCertificateAuthority } from "../../ca.ts";
import { quiet } from "../../progress.ts";
import { type LocalCloudflare, type LocalCloudflareOptions, startCloudflare } from "../index.ts";
import type { Browser } from "./browse.ts";

/** A local Cloudflare for a test file, and the clients that use it. */
export interface TestCloudflare {
  readonly ca: CertificateAuthority;
  readonly local: LocalCloudflare;
  readonly client: Cloudflare;
  readonly browser: Browser;
  readonly streetAddress: string;
}

/** Starts one on loopback addresses of its own: `127.86.{slot}.1` and `.2`. Slots from 200 are for tests. */
export async function startTestCloudflare(
  slot: number,
  options: Partial<LocalCloudflareOptions> = {},
): Promise<TestCloudflare> {
  const ca = await createCertificateAuthority();
  const [edgeAddress, streetAddress] = [`127.86.${slot}.1`, `127.86.${slot}.2`];
  const local = await startCloudflare({ ca, edgeAddress, streetAddress, progress: quiet, ...options });
  const client = new Cloudflare({ baseURL: local.apiUrl, apiToken: local.apiToken, maxRetries: 0 });
  return { ca, local, client, browser: { edgeAddress, certificate: ca.certificate }, streetAddress };
}

/** Uploads a Worker of one module as the provider does: the module under its file name, and the metadata as JSON. */
export async function uploadScript(
  { client, local }: TestCloudflare,
  name: string,
  source: string,
  metadata: Record<string, unknown> = {},
): Promise<unknown> {
  const form = new FormData();
  const sent = { main_module: "worker.js", compatibility_date: "2026-07-01", bindings: [], ...metadata };
  form.append("metadata", new Blob([JSON.stringify(sent)], { type: "application/json" }));
  form.append("worker.js", new File([source], "worker.js", { type: "application/javascript+module" }));
  return client.put(`/accounts/${local.accountId}/workers/scripts/${name}`, { body: form });
}
