import { randomBytes, randomInt } from "node:crypto";
import { crc32 } from "node:zlib";

const alphanumeric = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** A Cloudflare id: 32 lower-case hex digits. */
export const hexId = (): string => randomBytes(16).toString("hex");

/** An Access audience tag: 64 lower-case hex digits. */
export const audienceTag = (): string => randomBytes(32).toString("hex");

/**
 * A credential in Cloudflare's scannable format: prefix, 40 characters, 8 of checksum
 * (https://developers.cloudflare.com/fundamentals/api/get-started/token-formats/).
 *
 * @param prefix `cfut_` for a user's API token, `cfat_` for an account's, `cfast_` for an Access service token's secret
 */
export function credential(prefix: "cfut_" | "cfat_" | "cfast_"): string {
  let body = "";
  for (let i = 0; i < 40; i++) body += alphanumeric[randomInt(alphanumeric.length)];
  return `${prefix}${body}${crc32(body).toString(16).padStart(8, "0")}`;
}

/** Now, as the API writes times: RFC 3339 in UTC. */
export const timestamp = (): string => new Date().toISOString();

/**
 * Milliseconds of a duration in Go's notation, which Access uses everywhere (`24h`, `1h30m`, `8760h`).
 *
 * @returns undefined for anything else
 */
export function durationMs(text: string): number | undefined {
  const unitMs: Record<string, number> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };
  if (!/^(\d+(ms|h|m|s))+$/.test(text)) return undefined;
  let sum = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)(ms|h|m|s)/g))
    sum += Number(amount) * (unitMs[unit as string] as number);
  return sum;
}
