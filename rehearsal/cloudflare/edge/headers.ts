import { randomBytes } from "node:crypto";
import { cookiesForWorker } from "../access/cookies.ts";

/** Between one hop and the next only (RFC 9110, section 7.6.1). */
const hopByHop = new Set([
  "connection",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** What only the edge may say; a client's own values are dropped. */
const ownedByEdge = /^(cf-|mf-|x-edge-|x-real-ip$|x-forwarded-proto$|true-client-ip$|cdn-loop$)/;

/** How the edge presents the client to a Worker. */
export interface ClientView {
  readonly ip: string;
  readonly country: string;
}

/** A new ray id, as in `CF-Ray`. */
export const newRay = (): string => `${randomBytes(8).toString("hex")}-RHL`;

/**
 * The client's headers as a Worker gets them, names and values in turn.
 *
 * @param identity what Access adds for an authenticated request
 * @see https://developers.cloudflare.com/fundamentals/reference/http-headers/
 */
export function towardsWorker(
  rawHeaders: readonly string[],
  client: ClientView,
  ray: string,
  identity: Readonly<Record<string, string>>,
): string[] {
  const kept = withoutHopByHop(rawHeaders)
    .filter(([name]) => !ownedByEdge.test(name.toLowerCase()))
    .flatMap(([name, value]): [string, string][] => {
      const passed = name.toLowerCase() === "cookie" ? cookiesForWorker(value) : value;
      return passed === undefined ? [] : [[name, passed]];
    });
  const forwardedFor = kept
    .filter(([name]) => name.toLowerCase() === "x-forwarded-for")
    .map(([, value]) => value);
  const own: [string, string][] = [
    ["CF-Connecting-IP", client.ip],
    ["CF-IPCountry", client.country],
    ["CF-Ray", ray],
    ["CF-Visitor", '{"scheme":"https"}'],
    ["CDN-Loop", "cloudflare; loops=1"],
    ["X-Forwarded-Proto", "https"],
    // Cloudflare appends to what the client sent, so its first entry proves nothing.
    ["X-Forwarded-For", [...forwardedFor, client.ip].join(", ")],
    ["X-Real-IP", client.ip],
    ...Object.entries(identity),
  ];
  return [...kept.filter(([name]) => name.toLowerCase() !== "x-forwarded-for"), ...own].flat();
}

/** A Worker's answer as the client gets it, names and values in turn; `hidden` headers stay inside. */
export function towardsClient(
  rawHeaders: readonly string[],
  ray: string,
  added: Readonly<Record<string, string>>,
  hidden: readonly string[] = [],
): string[] {
  const kept = withoutHopByHop(rawHeaders).filter(
    ([name]) => !hidden.includes(name.toLowerCase()) && !["server", "cf-ray"].includes(name.toLowerCase()),
  );
  return [...kept, ...Object.entries(added), ["Server", "cloudflare"], ["CF-Ray", ray]].flat();
}

function withoutHopByHop(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2)
    pairs.push([rawHeaders[i] as string, rawHeaders[i + 1] as string]);
  const named = pairs
    .filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.split(",").map((token) => token.trim().toLowerCase()));
  return pairs.filter(([name]) => !hopByHop.has(name.toLowerCase()) && !named.includes(name.toLowerCase()));
}
