import type { Context } from "hono";
import type { AccessApp, Kept } from "../account.ts";
import { applicationFor } from "./applications.ts";
import { methodsFor } from "./login-methods.ts";
import { messagePage } from "./pages.ts";
import type { Team } from "./team.ts";

/** What a login is for: read anew from the URL at each step. */
export interface Attempt {
  readonly app: AccessApp;
  readonly hostname: string;
  readonly path: string;
  /** How one may sign in. */
  readonly methods: readonly Kept[];
  /** Where the forms go: this page's own path and query. */
  readonly action: string;
}

/** Reads `/cdn-cgi/access/login/HOSTNAME?kid=AUDIENCE&redirect_url=PATH`; undefined for what is no application here. */
export function readAttempt(team: Team, c: Context): Attempt | undefined {
  const { account } = team;
  const app = account.apps.published().find((one) => one.aud === c.req.query("kid"));
  const path = c.req.query("redirect_url") ?? "/";
  // Only a path of the application's own host: `//other.example` and `/\other.example` would lead away.
  if (!app || !/^\/(?![/\\])/.test(path)) return undefined;
  const url = new URL(c.req.url);
  const hostname = c.req.param("hostname") as string;
  // The token is handed over only to a host that this application protects.
  if (applicationFor(account, hostname, path.split("?")[0] as string) !== app) return undefined;
  return { app, hostname, path, methods: methodsFor(account, app), action: url.pathname + url.search };
}

export const unknownApplication = (c: Context) =>
  c.html(messagePage("Unable to find your Access application!", ""), 404);
