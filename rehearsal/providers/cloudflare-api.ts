import Cloudflare, { APIConnectionError, APIError } from "cloudflare";

/** An answer of the API, unwrapped: what stands under `result`. */
type Result = unknown;
export type Method = "get" | "post" | "put" | "patch" | "delete";

/**
 * The Cloudflare REST API, as the stand-in provider speaks it. Like the real one's client (cloudflare-go,
 * internal/requestconfig), it tries three times in all when the connection breaks and when the answer is 408, 409, 429
 * or 5xx, with half a second and then a second between. So a create whose answer was lost is sent again: it ends in
 * "name taken" where names are unique, and in a second resource where they are not.
 */
export interface CloudflareApi {
  /**
   * One call.
   *
   * @param path below the base address, such as `/accounts/ID/cfd_tunnel`
   * @throws {CloudflareError} on every answer but 2xx
   */
  call(method: Method, path: string, body?: unknown): Promise<Result>;
  /** A body that is not JSON in an envelope: the script's content. */
  raw(path: string): Promise<Response>;
}

/** A refusal of the API. The message is the real provider's: `POST "URL": 400 Bad Request {"success":false…}`. */
export class CloudflareError extends Error {
  readonly status: number;
  constructor(message: string, status: number) {
    super(`failed to make http request: ${message}`);
    this.status = status;
  }
}

/** The longest time that the real client waits because the API says so; for a longer one it takes its own delay. */
const longestWaitSeconds = 60;

const fetchWithoutLongWaits: typeof fetch = async (input, init) => {
  const answer = await fetch(input, init);
  if (!(Number(answer.headers.get("retry-after")) >= longestWaitSeconds)) return answer;
  const headers = new Headers(answer.headers);
  headers.delete("retry-after");
  return new Response(answer.body, { status: answer.status, statusText: answer.statusText, headers });
};

const reasons: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  422: "Unprocessable Entity",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
};

/** What net/http says of a connection that failed: the innermost cause, in Go's words where they are known. */
function goWords(error: Error): string {
  let cause: unknown = error;
  while (cause instanceof Error && cause.cause instanceof Error) cause = cause.cause;
  const { code, address, port } = cause as NodeJS.ErrnoException & { address?: string; port?: number };
  if (code === "ECONNREFUSED") return `dial tcp ${address}:${port}: connect: connection refused`;
  return code === "ECONNRESET" || code === "UND_ERR_SOCKET" ? "EOF" : (cause as Error).message;
}

/** @param settings `apiToken` and `baseUrl` of the provider's configuration; the environment fills what is missing */
export function createApi(settings: {
  apiToken?: string | undefined;
  baseUrl?: string | undefined;
}): CloudflareApi {
  const apiToken = settings.apiToken ?? process.env.CLOUDFLARE_API_TOKEN;
  const baseURL = settings.baseUrl ?? process.env.CLOUDFLARE_BASE_URL;
  // The pattern is the real provider's (terraform-provider-cloudflare, internal/provider.go).
  if (apiToken !== undefined && !/^[0-9A-Za-z\-_]{40,80}$/.test(apiToken)) {
    throw new Error(
      "invalid value for api_token (API tokens must be 40-80 characters and only contain characters 0-9, a-z, A-Z, hyphens and underscores)",
    );
  }
  const client = new Cloudflare({
    apiToken: apiToken ?? null,
    fetch: fetchWithoutLongWaits,
    ...(baseURL ? { baseURL } : {}),
  });
  const explain = (method: string, path: string) => (error: unknown) => {
    const url = `${client.baseURL.replace(/\/$/, "")}${path}`;
    if (error instanceof APIConnectionError) {
      // Go writes "Post" here, and of a connection that was cut only that it ended.
      const verb = method.charAt(0).toUpperCase() + method.slice(1).toLowerCase();
      throw new Error(`failed to make http request: ${verb} "${url}": ${goWords(error)}`);
    }
    if (!(error instanceof APIError) || error.status === undefined) throw error;
    const status = error.status as number;
    const words = `${method.toUpperCase()} "${url}": ${status} ${reasons[status] ?? ""}`;
    throw new CloudflareError(`${words} ${JSON.stringify(error.error ?? {})}`, status);
  };
  return {
    async call(method, path, body) {
      const options = body === undefined ? {} : { body: body as never };
      const answer = (await client[method](path, options).catch(explain(method, path))) as {
        result?: Result;
      };
      return answer?.result;
    },
    async raw(path) {
      const request = client.get(path, { headers: { accept: "*/*" }, __binaryResponse: true } as never);
      return request.asResponse().catch(explain("get", path)) as Promise<Response>;
    },
  };
}
