/** One kind of request that goes through to OpenClaw. What no route names is answered 404 by the Worker. */
export interface Route {
  readonly method: "GET" | "POST";
  /** Matches the whole path. */
  readonly pattern: RegExp;
  /** "api" is answered in JSON; "page" belongs to the Control UI and keeps its policies; "picture" can be anyone's. */
  readonly kind: "api" | "page" | "picture";
  /** Path at OpenClaw, where it is not the same as here. */
  readonly target?: `/${string}`;
  /** Whether OpenClaw wants the gateway's token here. Its pages and their assets are public on the Pi. */
  readonly withToken: boolean;
  /** Whether an address that names its content may be kept by the browser. */
  readonly immutable?: boolean;
}

/** Where a path leads: the route for this method, else the methods it does take (none: there is no such path). */
export function findRoute(method: string, path: string): Route | readonly string[] {
  const asked = method === "HEAD" ? "GET" : method;
  const here = ROUTES.filter(({ pattern }) => pattern.test(path));
  return here.find((route) => route.method === asked) ?? here.map((route) => route.method);
}

/**
 * Whether it is a file that the Control UI is made of. A browser's first visit asks for about 110 of them (OpenClaw
 * 2026.9.6) and for 8 other things, so that only the limit by address counts them.
 */
export const isAsset = (route: ReturnType<typeof findRoute>): boolean =>
  "pattern" in route && route.immutable === true;

const api = { kind: "api", withToken: true } as const;
const page = { method: "GET", kind: "page", withToken: false, target: "/" } as const;
const asset = { method: "GET", kind: "page", withToken: false, immutable: true } as const;

/** A file or an id: nothing hidden, nothing encoded. */
const NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
const FOLDERS = "app-art|assets|cloud-provider-icons|community-art|fonts|provider-icons|themes";
const ROOT_FILES = String.raw`apple-touch-icon\.png|favicon-32\.png|favicon\.ico|favicon\.svg|manifest\.webmanifest|sw\.js`;
/** First segments of the Control UI's own addresses (OpenClaw 2026.9.6); each is answered with its one document. */
const VIEWS = [
  "activity|agents|apps|automations|chat|custodian|dashboard|dashboards|debug|logs|meetings|memory-import|new",
  "plugins|portals|sessions|settings|skills|systems|tasks|terminal|usage|workboard|worktrees",
].join("|");

const ROUTES: readonly Route[] = [
  { ...api, method: "POST", pattern: whole("/v1/chat/completions") },
  { ...api, method: "GET", pattern: whole("/v1/models") },
  { ...api, method: "GET", pattern: whole(`/v1/models/openclaw(/${NAME})?`) },

  { ...page, pattern: whole("/") },
  { ...page, pattern: whole(`/(${VIEWS})(/.*)?`) },
  { ...asset, pattern: whole(`/(${FOLDERS})/${NAME}`) },
  { ...asset, pattern: whole(`/file-icons(/${NAME}){1,3}`) },
  { ...asset, pattern: whole(`/(${ROOT_FILES})`) },
  { method: "GET", pattern: whole("/control-ui-config.json"), kind: "page", withToken: true },
  { method: "GET", pattern: whole(`/api/users/${NAME}/avatar`), kind: "picture", withToken: true },
];

function whole(pattern: string): RegExp {
  return new RegExp(`^(?:${pattern})$`);
}
