import { WORKER_MAIN_MODULE } from "../../contract/worker.ts";
import type { LocalCloudflare } from "../../rehearsal/cloudflare/index.ts";

/**
 * Gives a running Worker other code, as a new version with the bindings and settings it has. Cloudflare's own call for
 * that (https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/content/methods/update/),
 * since a whole `pulumi up` takes seconds.
 *
 * @throws Error in Cloudflare's words when the code does not start; the version before answers on
 */
export async function uploadCode(
  { apiUrl, apiToken, accountId }: LocalCloudflare,
  scriptName: string,
  source: Uint8Array,
): Promise<void> {
  const form = new FormData();
  form.append("metadata", JSON.stringify({ main_module: WORKER_MAIN_MODULE }));
  const type = "application/javascript+module";
  form.append(WORKER_MAIN_MODULE, new File([Buffer.from(source)], WORKER_MAIN_MODULE, { type }));
  const answer = await fetch(`${apiUrl}/accounts/${accountId}/workers/scripts/${scriptName}/content`, {
    method: "PUT",
    headers: { authorization: `Bearer ${apiToken}` },
    body: form,
    signal: AbortSignal.timeout(30_000),
  });
  const { success, errors } = (await answer.json()) as {
    success: boolean;
    errors: { code: number; message: string }[];
  };
  if (!success) throw new Error(errors.map(({ code, message }) => `${message} (${code})`).join("; "));
}
