import { timingSafeEqual } from "node:crypto";
import type { Account, ServiceToken } from "../account.ts";

/** What a request's service token headers say. */
export type ServiceCredentials =
  | { readonly kind: "none" }
  | { readonly kind: "invalid" }
  | { readonly kind: "valid"; readonly token: ServiceToken };

/**
 * Checks `CF-Access-Client-Id` and `CF-Access-Client-Secret`. One without the other, or one given twice, is invalid.
 *
 * @param rawHeaders names and values in turn, as Node's `rawHeaders`: `headers` joins duplicates
 */
export function checkServiceCredentials(account: Account, rawHeaders: readonly string[]): ServiceCredentials {
  const ids = valuesOf(rawHeaders, "cf-access-client-id");
  const secrets = valuesOf(rawHeaders, "cf-access-client-secret");
  if (ids.length === 0 && secrets.length === 0) return { kind: "none" };
  const [id, secret] = [ids[0], secrets[0]];
  if (ids.length !== 1 || secrets.length !== 1 || !id || !secret) return { kind: "invalid" };
  const token = account.serviceTokens.find((one) => one.clientId === id);
  if (!token?.enabled || token.expiresAt <= account.now() || !holdsSecret(token, secret, account.now()))
    return { kind: "invalid" };
  return { kind: "valid", token };
}

function holdsSecret(token: ServiceToken, secret: string, time: number): boolean {
  const previous = token.previousSecret;
  if (equal(secret, token.clientSecret)) return true;
  return previous !== undefined && previous.expiresAt > time && equal(secret, previous.value);
}

function equal(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const valuesOf = (rawHeaders: readonly string[], name: string): string[] =>
  rawHeaders.filter((_, index) => index % 2 === 1 && rawHeaders[index - 1]?.toLowerCase() === name);
