/** One kind of request that goes through to OpenClaw. What no route names is answered 404 by the Worker. */
export interface Route {
  readonly method: "GET" | "POST";
  /** In the router's words: `:name` is one segment, `{…}` the pattern that it must match. */
  readonly path: string;
  /** "api" is answered in JSON; "page" belongs to the Control UI and keeps its policies; "picture" can be anyone's. */
  readonly kind: "api" | "page" | "picture";
  /** Path at OpenClaw, where it is not the same as here. */
  readonly target?: `/${string}`;
  /** Whether OpenClaw wants the gateway's token here. Its pages and their assets are public on the Pi. */
  readonly withToken: boolean;
  /** Whether an address that names its content may be kept by the browser. */
  readonly immutable?: boolean;
}

const api = { kind: "api", withToken: true } as const;
const page = { method: "GET", kind: "page", withToken: false, target: "/" } as const;
const asset = { method: "GET", kind: "page", withToken: false, immutable: true } as const;

/** First segments of the Control UI's own addresses (OpenClaw 2026.9.6); each is answered with its one document. */
const VIEWS = [
  ...["activity", "agents", "apps", "automations", "chat", "custodian", "dashboard", "dashboards", "debug"],
  ...["logs", "meetings", "memory-import", "new", "portals", "sessions", "settings", "skills", "systems"],
  ...["tasks", "terminal", "usage", "workboard", "worktrees"],
].join("|");

const NAME = "[A-Za-z0-9_][A-Za-z0-9_.-]*";
/** Pictures and style sheets in folders of their own. */
const ASSET_FOLDERS = "app-art|assets|cloud-provider-icons|community-art|fonts|provider-icons|themes";
const ROOT_FILES = String.raw`apple-touch-icon\.png|favicon-32\.png|favicon\.ico|favicon\.svg|manifest\.webmanifest`;

export const ROUTES: readonly Route[] = [
  { ...api, method: "POST", path: "/v1/chat/completions" },
  { ...api, method: "GET", path: "/v1/models" },
  { ...api, method: "GET", path: "/v1/models/:model{openclaw}" },
  { ...api, method: "GET", path: `/v1/models/:owner{openclaw}/:agent{${NAME}}` },

  { ...page, path: "/" },
  { ...page, path: `/:view{${VIEWS}}/*` },
  { ...asset, path: `/:folder{${ASSET_FOLDERS}}/:file{${NAME}}` },
  { ...asset, path: `/file-icons/:size{${NAME}}/:file{${NAME}}` },
  { ...asset, path: `/:file{${ROOT_FILES}}` },
  { ...asset, path: "/sw.js" },
  { method: "GET", path: "/control-ui-config.json", kind: "page", withToken: true },
  { method: "GET", path: `/api/users/:id{${NAME}}/avatar`, kind: "picture", withToken: true },
];
