import * as pulumi from "@pulumi/pulumi";

/** Cloudflare did not give what was asked: its status, its codes and its words. Pulumi prints it without a stack trace. */
export class CloudflareApiError extends pulumi.RunError {
  readonly code = "CLOUDFLARE_API";
  /** Undefined when there was no answer at all. */
  readonly status: number | undefined;

  constructor(path: string, status: number | undefined, words: string) {
    super(
      `CLOUDFLARE_API: Cloudflare ${status ? `answered ${status} to` : "did not answer"} GET ${path}: ${words}${mend(status)}`,
    );
    this.status = status;
  }
}

/** What to do about a status, on a line of its own. */
function mend(status: number | undefined): string {
  if (status === undefined) return "\n  is this machine online? try: curl -I https://api.cloudflare.com";
  if (![400, 401, 403, 404].includes(status)) return "";
  return "\n  check the API token, its permissions (the README lists them) and openclaw-gateway:accountId";
}

/** Where Cloudflare's API is, and what signs in there. */
export interface CloudflareLogin {
  readonly baseUrl: string;
  readonly token: string;
}

/** Where the API is unless CLOUDFLARE_BASE_URL or the stack's `cloudflare:baseUrl` says otherwise. */
export const publicApi = "https://api.cloudflare.com/client/v4";

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
  const baseUrl = config.get("baseUrl") ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi;
  const token = pulumi.runtime.getConfig("cloudflare:apiToken") ?? process.env.CLOUDFLARE_API_TOKEN;
  if (!token) {
    throw new pulumi.RunError(
      "no Cloudflare API token: set CLOUDFLARE_API_TOKEN, or run: npx pulumi config set --secret cloudflare:apiToken",
    );
  }
  return readCloudflareAs({ baseUrl, token }, path);
}

/** The same with a login of its own, for those who ask outside a stack. */
export async function readCloudflareAs<T>({ baseUrl, token }: CloudflareLogin, path: string): Promise<T> {
  const response = await fetch(`${baseUrl.replace(/\/$/, "")}${path}`, {
    headers: { authorization: `Bearer ${token}`, accept: "application/json" },
    signal: AbortSignal.timeout(30_000),
  }).catch((error: Error) => {
    throw new CloudflareApiError(
      path,
      undefined,
      (error.cause as Error | undefined)?.message ?? error.message,
    );
  });
  const answer = (await response.json().catch(() => undefined)) as
    | { success: boolean; errors: { code: number; message: string }[]; result: T }
    | undefined;
  if (response.ok && answer?.success) return answer.result;
  const words = answer?.errors?.map(({ code, message }) => `${message} (code ${code})`).join(", ");
  throw new CloudflareApiError(path, response.status, words || "no explanation");
}
