import { AsyncResource } from "node:async_hooks";
import * as pulumi from "@pulumi/pulumi";
import { explainRefusal } from "./cloudflare-refusal.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Refusal } from "./refusal.ts";

const answerTimeoutMs = 30_000;
/** Between two tries when Cloudflare names no time. */
const pausesMs = [1_000, 3_000, 9_000];
/** A longer Retry-After is not waited for: after 429 it can be five minutes, and a person had rather be told. */
const longestPauseMs = 30_000;

/** Cloudflare did not give what was asked: its status, its codes and its words. */
export class CloudflareApiError extends Refusal {
  /** Undefined when there was no answer at all. */
  readonly status: number | undefined;
  /** Cloudflare's own codes (https://developers.cloudflare.com/fundamentals/api/reference/). */
  readonly codes: readonly number[];

  constructor(method: string, path: string, answer: Answer) {
    const { status, codes, words } = answer;
    const [code, ...mend] = explain(method, path, answer);
    super(
      code,
      `Cloudflare ${status ? `answered ${status} to` : "did not answer"} ${method} ${path}: ${words}`,
      ...mend,
    );
    this.status = status;
    this.codes = codes;
  }
}

function explain(method: string, path: string, { status, codes, words }: Answer): [ErrorCode, ...string[]] {
  if (status === undefined)
    return ["CLOUDFLARE_UNREACHABLE", "is this machine online? try: curl -I https://api.cloudflare.com"];
  if (status === 429)
    return [
      "CLOUDFLARE_BUSY",
      "this user has asked too often (1,200 calls in five minutes, all tokens and the dashboard together): wait five minutes, then run the same command again",
    ];
  if (status >= 500)
    return ["CLOUDFLARE_BUSY", "see https://www.cloudflarestatus.com, then run the same command again"];
  for (const code of codes) {
    const known = explainRefusal({ method, url: path, status, code, words });
    if (known) return [known.code, known.what, known.mend];
  }
  return [
    "CLOUDFLARE_REFUSED",
    "check the API token, its permissions (the README lists them) and openclaw-gateway:accountId",
  ];
}

/** Where the API is unless something says otherwise. */
export const publicApi = "https://api.cloudflare.com/client/v4";

/** Where the API is and who asks. */
export interface CloudflareApi {
  /** Such as `https://api.cloudflare.com/client/v4`, without a slash at its end. */
  readonly baseUrl: string;
  readonly token: string;
  /** Told before each further try, in words for a person. */
  readonly onWait?: (words: string) => void;
}

/**
 * The API as the stack's provider asks it, in the provider's order of settings: the stack's `cloudflare:apiToken` and
 * `cloudflare:baseUrl`, then CLOUDFLARE_API_TOKEN and CLOUDFLARE_BASE_URL
 * (https://www.pulumi.com/registry/packages/cloudflare/installation-configuration/).
 *
 * @throws Refusal when there is no token
 */
export function cloudflareOfStack(): CloudflareApi {
  const config = new pulumi.Config("cloudflare");
  const baseUrl = config.get("baseUrl") ?? process.env.CLOUDFLARE_BASE_URL ?? publicApi;
  const token = pulumi.runtime.getConfig("cloudflare:apiToken") ?? process.env.CLOUDFLARE_API_TOKEN;
  if (!token) {
    throw new Refusal(
      "CLOUDFLARE_TOKEN_MISSING",
      "there is no API token for Cloudflare",
      "for this shell: export CLOUDFLARE_API_TOKEN=..., or in the stack, encrypted: npx pulumi config set --secret cloudflare:apiToken",
    );
  }
  return {
    baseUrl: baseUrl.replace(/\/$/, ""),
    token,
    // A hook calls this outside the program's async context, where an inline program's SDK knows no engine to tell.
    onWait: AsyncResource.bind((words: string) => void pulumi.log.info(words, undefined, undefined, true)),
  };
}

/**
 * Reads one path of Cloudflare's API, for the few things that the provider has no data source for. What may pass by
 * itself (no answer, 429, 5xx) is tried up to four times.
 *
 * @param path below `/client/v4`, such as `/accounts/ID/workers/subdomain`
 * @returns the `result` of the answer
 * @throws CloudflareApiError with Cloudflare's own words; never with the token
 */
export async function readCloudflare<T>(path: string, api: CloudflareApi = cloudflareOfStack()): Promise<T> {
  return insist<T>("GET", path, api);
}

/** As long as a page may be; where Cloudflare makes them shorter, it says how many there are in all. */
const PAGE = 1000;

/**
 * Reads a whole list of Cloudflare's API, page by page.
 *
 * @param path as for `readCloudflare`, with a query or without
 * @throws CloudflareApiError
 */
export async function listCloudflare<T>(path: string, api: CloudflareApi): Promise<T[]> {
  const all: T[] = [];
  for (let page = 1; ; page++) {
    const paged = `${path}${path.includes("?") ? "&" : "?"}page=${page}&per_page=${PAGE}`;
    const { result, total = 0 } = await insistOnAnswer("GET", paged, api);
    const entries = (result ?? []) as T[];
    all.push(...entries);
    if (entries.length === 0 || all.length >= total) return all;
  }
}

/**
 * Writes one path of Cloudflare's API by a form, for the one thing that the provider cannot: see infra/ledger-class.ts.
 * Tried again as `readCloudflare` does, so only for what may be written twice.
 *
 * @throws CloudflareApiError with Cloudflare's own words; never with the token
 */
export async function putCloudflare(path: string, form: FormData, api: CloudflareApi): Promise<void> {
  await insist("PUT", path, api, form);
}

/**
 * Asks for one of the few acts of the API that no resource stands for, such as an end of a tunnel's connections. Tried
 * again as `readCloudflare` does, so only for what may be done twice.
 *
 * @throws CloudflareApiError with Cloudflare's own words; never with the token
 */
export const actOnCloudflare = (
  method: "POST" | "DELETE",
  path: string,
  api: CloudflareApi,
  body?: object,
): Promise<void> => insist(method, path, api, body && JSON.stringify(body));

/**
 * Ends all sessions of a person at the team's applications. What they hold is refused within half a minute; a WebSocket
 * that is open lives on (https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/).
 * The token needs "Access: Organizations Revoke" or "… Write".
 *
 * @throws CloudflareApiError
 */
export const revokePerson = (accountId: string, email: string, api: CloudflareApi): Promise<void> =>
  actOnCloudflare("POST", `/accounts/${accountId}/access/organizations/revoke_user`, api, { email });

const insist = async <T>(
  method: string,
  path: string,
  api: CloudflareApi,
  body?: FormData | string,
): Promise<T> => (await insistOnAnswer(method, path, api, body)).result as T;

async function insistOnAnswer(
  method: string,
  path: string,
  api: CloudflareApi,
  body?: FormData | string,
): Promise<Answer> {
  for (let tries = 1; ; tries++) {
    const answer = await ask(method, path, api, body);
    if (answer.success) return answer;
    const passing = answer.status === undefined || answer.status === 429 || answer.status >= 500;
    const pauseMs = answer.retryAfterMs ?? pausesMs[tries - 1] ?? 0;
    if (!passing || tries > pausesMs.length || pauseMs > longestPauseMs)
      throw new CloudflareApiError(method, path, answer);
    api.onWait?.(
      `Cloudflare ${answer.status ? `answered ${answer.status}` : "did not answer"}: trying again in ${Math.ceil(pauseMs / 1000)} s`,
    );
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

interface Answer {
  readonly success: boolean;
  readonly status: number | undefined;
  readonly codes: readonly number[];
  readonly words: string;
  readonly result?: unknown;
  /** Of a list: how many there are on all pages. */
  readonly total?: number;
  readonly retryAfterMs?: number;
}

async function ask(
  method: string,
  path: string,
  { baseUrl, token }: CloudflareApi,
  body?: FormData | string,
): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(`${baseUrl}${path}`, {
      method,
      body,
      headers: {
        authorization: `Bearer ${token}`,
        accept: "application/json",
        ...(typeof body === "string" && { "content-type": "application/json" }),
      },
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
  } catch (error) {
    const { message, cause } = error as Error;
    return {
      success: false,
      status: undefined,
      codes: [],
      words: (cause as Error | undefined)?.message ?? message,
    };
  }
  const told = (await response.json().catch(() => undefined)) as
    | {
        success: boolean;
        errors?: { code: number; message: string }[];
        result: unknown;
        result_info?: { total_count?: number };
      }
    | undefined;
  const errors = told?.errors ?? [];
  const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
  return {
    success: response.ok && told?.success === true,
    status: response.status,
    codes: errors.map(({ code }) => code),
    words: errors.map(({ code, message }) => `${message} (code ${code})`).join(", ") || "no explanation",
    result: told?.result,
    total: told?.result_info?.total_count,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : undefined,
  };
}
