import type { Target } from "./tree.ts";

/** No name or address is longer, and nobody reads one that is. */
const MAX_LENGTH = 2000;

/**
 * Where an address leads, if a page may lead there: the web and mail, and nothing that looks like another host than
 * it is (`https://bank.example@evil.example`). Nothing for all else: `javascript:`, `data:`, relative addresses.
 */
export function targetOf(address: string): Target | undefined {
  if (address.length > MAX_LENGTH || !URL.canParse(address)) return undefined;
  const { protocol, host, href, pathname, username, password } = new URL(address);
  if (protocol === "mailto:") {
    // Parameters of a mail (cc, body) are no one's wish who clicks an address.
    const place = decoded(pathname);
    return place.includes("@") ? { href: `mailto:${encodeURI(place)}`, place } : undefined;
  }
  if (protocol !== "https:" && protocol !== "http:") return undefined;
  return username || password ? undefined : { href, place: host };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}
