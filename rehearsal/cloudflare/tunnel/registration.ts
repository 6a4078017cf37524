import { timingSafeEqual } from "node:crypto";
import * as z from "zod";
import type { Account } from "../account.ts";

const registration = z.object({
  account: z.string(),
  tunnel: z.string(),
  secret: z.string(),
  connector: z.uuid(),
  index: z.int().min(0).max(3),
  protocol: z.enum(["quic", "http2"]),
  version: z.string(),
  arch: z.string(),
});

/** What a connector tells when it signs in on a connection. */
export type Registration = z.infer<typeof registration>;

/**
 * Reads and checks a sign-in.
 *
 * @returns the registration, or the words of the refusal as cloudflared logs them
 */
export function checkRegistration(account: Account, json: string): Registration | string {
  let sent: unknown;
  try {
    sent = JSON.parse(json);
  } catch {
    return "Bad Request: registration is not JSON";
  }
  const parsed = registration.safeParse(sent);
  if (!parsed.success) return "Bad Request: registration is incomplete";
  const tunnel = account.tunnels.get(parsed.data.tunnel);
  if (parsed.data.account !== account.id || !tunnel || tunnel.deletedAt)
    return "Unauthorized: Tunnel not found";
  const given = Buffer.from(parsed.data.secret);
  const expected = Buffer.from(tunnel.secret);
  if (given.length !== expected.length || !timingSafeEqual(given, expected))
    return "Unauthorized: Invalid tunnel secret";
  return parsed.data;
}
