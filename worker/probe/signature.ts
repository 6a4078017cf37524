/** Headers of a message: seconds since 1970, and `v1=` with 64 hexadecimal digits. */
const TIMESTAMP_HEADER = "openclaw-gateway-timestamp";
const SIGNATURE_HEADER = "openclaw-gateway-signature";

/**
 * Signs `timestamp.body` by HMAC-SHA256 (RFC 2104). The time is under the signature, so that a message that someone has
 * caught cannot be told again later.
 */
export async function signedHeaders(
  secret: string,
  body: string,
  nowMs: number,
): Promise<Record<string, string>> {
  const timestamp = String(Math.floor(nowMs / 1000));
  const bytes = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes.encode(secret), algorithm, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, bytes.encode(`${timestamp}.${body}`));
  const hex = Array.from(new Uint8Array(signature), (byte) => byte.toString(16).padStart(2, "0")).join("");
  return {
    "content-type": "application/json",
    [TIMESTAMP_HEADER]: timestamp,
    [SIGNATURE_HEADER]: `v1=${hex}`,
  };
}
