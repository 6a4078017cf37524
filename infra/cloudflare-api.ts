import * as pulumi from "@pulumi/pulumi";

/** What Cloudflare answered instead of a result: its status, its codes and its words. */
export class CloudflareApiError extends Error {
  readonly code = "CLOUDFLARE_API";
  readonly status: number;

  constructor(path: string, status: number, errors: readonly { code: number; message: string }[]) {
    const words = errors.map((error) => `${error.message} (code ${error.code})`).join(", ");
    super(`Cloudflare answered ${status} to GET ${path}: ${words || "no explanation"}`);
    this.name = "CloudflareApiError";
    this.status = status;
  }
}

/**
 * Reads one path of Cloudflare's API, for the few things that the provider has no data source for.
 *
 * It signs in with the provider's own settings, in the provider's order: the stack's `cloudflare:apiToken` and
 * `cloudflare:baseUrl`, then CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL
 * (https://www.pulumi.com/registry/packages/cloudflare/installation-configuration/).
 *
 * @param path below `/client/v4`, such as `/accounts/ID/workers/subdomain`
 * @returns the `result` of the answer
 * @throws CloudflareApiError with Cloudflare's own words; never with the token
 */
export async function readCloudflare<T>(path: string): Promise<T> {
  const config = new pulumi.Config("cloudflare");
  const baseUrl =
    config.get("baseUrl") ?? process.env.CLOUDFLARE_BASE_URL ?? "https://api.cloudflare.com/client/v4";
  const token = pulumi.runtime.getConfig("cloudflare:apiToken") ?? process.env.CLOUDFLARE_API_TOKEN;
  if (!token) {
    throw new pulumi.RunError(
      "no Cloudflare API token: set CLOUDFLARE_API_TOKEN, or run: npx pulumi config set --secret cloudflare:apiToken",
    );
  }
  const response = await fetch(`${baseUrl.replace(/\/$/, "")}${path}`, {
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
    signal: AbortSignal.timeout(30_000),
  });
  const answer = (await response.json().catch(() => undefined)) as
    | { success: boolean; errors: { code: number; message: string }[]; result: T }
    | undefined;
  if (!response.ok || !answer?.success)
    throw new CloudflareApiError(path, response.status, answer?.errors ?? []);
  return answer.result;
}
