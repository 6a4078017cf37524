/** The certs endpoint answers within this, or counts as down; signing in has a person waiting. */
export const FETCH_TIMEOUT_MS = 3000;

/** Cloudflare's answer has about 6 KB: two keys, each as JWK and as certificate. */
const MAX_BYTES = 64 * 1024;

/** By `kid`: the name of a key's numbers, and the key itself. */
export type Certs = ReadonlyMap<string, { readonly numbers: string; readonly key: CryptoKey }>;

/**
 * Fetches the keys that a team's Access signs with (a JWK Set, RFC 7517, 5). Only RSA keys that may sign RS256 are
 * taken, and of those only the public numbers; the certificates beside them are not looked at, as Cloudflare advises.
 * https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/
 * @throws Error when there is no such answer in time, or no such key in it
 */
export async function fetchCerts(url: string): Promise<Certs> {
  const answer = await fetch(url, {
    redirect: "manual",
    cache: "no-store", // an answer from before a rotation would lock everybody out
    signal: AbortSignal.timeout(FETCH_TIMEOUT_MS),
  });
  if (answer.status !== 200) {
    await answer.body?.cancel();
    throw new Error(`status ${answer.status}`);
  }
  const certs = new Map(await Promise.all(usableKeys(JSON.parse(await textOf(answer))).map(imported)));
  if (certs.size === 0) throw new Error("no RSA key in the answer");
  return certs;
}

interface RsaKey {
  readonly kid: string;
  readonly n: string;
  readonly e: string;
}

function usableKeys(set: unknown): RsaKey[] {
  const { keys } = Object(set) as { keys?: unknown };
  return Array.isArray(keys) ? keys.filter(isUsable) : [];
}

function isUsable(entry: unknown): entry is RsaKey {
  const { kid, kty, alg = "RS256", use = "sig", n, e } = Object(entry) as Record<string, unknown>;
  return isText(kid) && kty === "RSA" && alg === "RS256" && use === "sig" && isText(n) && isText(e);
}

const isText = (value: unknown): value is string => typeof value === "string" && value !== "";

async function imported({ kid, n, e }: RsaKey) {
  const algorithm = { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("jwk", { kty: "RSA", n, e }, algorithm, false, ["verify"]);
  return [kid, { numbers: `${n} ${e}`, key }] as const;
}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
