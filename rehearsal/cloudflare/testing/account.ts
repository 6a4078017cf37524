import { once } from "node:events";
import { createServer } from "node:net";
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

/** Slots 128 to 253 are for tests; those below belong to rehearsals (host/slot.ts), 254 to the connector's own test. */
const slots = { first: 128, last: 253 };

/**
 * Starts one on loopback addresses of its own: `127.86.{slot}.1` and `.2`.
 *
 * @param firstSlot where to begin the search for a slot that no other test of this machine has
 */
export async function startTestCloudflare(
  firstSlot: number,
  options: Partial<LocalCloudflareOptions> = {},
): Promise<TestCloudflare> {
  const ca = await createCertificateAuthority();
  const { slot, release } = await takeSlot(firstSlot);
  const [edgeAddress, streetAddress] = [`127.86.${slot}.1`, `127.86.${slot}.2`];
  const started = await startCloudflare({ ca, edgeAddress, streetAddress, progress: quiet, ...options });
  const local = {
    ...started,
    close: async () => {
      await started.close();
      await release();
    },
  };
  const client = new Cloudflare({ baseURL: local.apiUrl, apiToken: local.apiToken, maxRetries: 0 });
  return { ca, local, client, browser: { edgeAddress, certificate: ca.certificate }, streetAddress };
}

/** An abstract socket (unix(7)) holds a slot: the kernel frees it with its process, however that ends. */
async function takeSlot(first: number): Promise<{ slot: number; release(): Promise<void> }> {
  for (let tried = 0; tried <= slots.last - slots.first; tried++) {
    const slot = slots.first + ((first - slots.first + tried) % (slots.last - slots.first + 1));
    const lock = createServer().unref();
    lock.listen(`\0openclaw-gateway/test-slot-${slot}`);
    const taken = await once(lock, "listening").then(
      () => true,
      () => false,
    );
    if (taken) return { slot, release: () => new Promise((resolve) => lock.close(() => resolve())) };
  }
  throw new Error("all slots of the tests are taken");
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
