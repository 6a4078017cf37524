import type { AccessApp, Account } from "../account.ts";

/** A protected place: `*` stands for one or more characters of a host name, a path protects what lies below it. */
interface Place {
  readonly hostname: string;
  readonly path: string;
}

/**
 * The application that protects a URL, or undefined: then Access is not asked at all and the request goes through.
 * The most specific one wins: an exact host before a wildcard, then the longest path
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/app-paths/).
 */
export function applicationFor(account: Account, hostname: string, path: string): AccessApp | undefined {
  let best: { app: AccessApp; place: Place } | undefined;
  for (const app of account.apps.published()) {
    for (const place of app.uris.map(placeOf)) {
      if (covers(place, hostname, path) && (!best || rank(place) > rank(best.place))) best = { app, place };
    }
  }
  return best?.app;
}

/** Another application that already protects exactly one of these places. */
export function clashingApp(
  account: Account,
  uris: readonly string[],
  exceptId: string,
): AccessApp | undefined {
  const wanted = new Set(uris.map((uri) => uri.toLowerCase().replace(/\/$/, "")));
  return account.apps.find(
    (app) => app.id !== exceptId && app.uris.some((uri) => wanted.has(uri.toLowerCase().replace(/\/$/, ""))),
  );
}

function placeOf(uri: string): Place {
  const slash = uri.indexOf("/");
  return slash < 0
    ? { hostname: uri.toLowerCase(), path: "/" }
    : { hostname: uri.slice(0, slash).toLowerCase(), path: uri.slice(slash) };
}

function covers(place: Place, hostname: string, path: string): boolean {
  const host = place.hostname.split("*").map(RegExp.escape).join("[^.]+");
  if (!new RegExp(`^${host}$`).test(hostname)) return false;
  const base = place.path.replace(/\/?\*?$/, "");
  return base === "" || path === base || path.startsWith(`${base}/`);
}

const rank = (place: Place): number => (place.hostname.includes("*") ? 0 : 10_000) + place.path.length;
