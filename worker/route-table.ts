import type { Family, Route } from "./routes.ts";

const SECOND = 1000;

/** An agent may think and use its tools for minutes before a word of an answer that is not streamed. */
const run = {
  method: "POST",
  kind: "run",
  withIdentity: true,
  timeoutMs: 600 * SECOND,
  query: [],
} as const;
/** OpenClaw on a Pi that has just started takes its time. */
const get = { method: "GET", withIdentity: true, timeoutMs: 60 * SECOND, query: [] } as const;
const file = { ...get, withIdentity: false, kind: "asset", query: ["v"] } as const;
const own = { ...get, withIdentity: false, kind: "own", target: "/" } as const;
const page = { ...get, part: "control", withIdentity: false, kind: "page", target: "/" } as const;
/** `?v=` names the build that an asset belongs to. */
const asset = { ...file, part: "control" } as const;
const placed = { ...get, part: "control", kind: "placed" } as const;

type Kind = Omit<Route, "name" | "target"> & { readonly target?: `/${string}` };

/** Routes of one address each. */
export const EXACT: ReadonlyMap<string, Route> = new Map([
  exact("/health", own),
  exact("/ready", { ...own, target: "/readyz", timeoutMs: 10 * SECOND }),
  exact("/app", own),
  exact("/chat.html", own),
  exact("/chat.css", own),
  exact("/chat.js", own),

  exact("/v1/chat/completions", { ...run, part: "chat" }),
  exact("/v1/responses", { ...run, part: "api", endpoint: "responses" }),
  exact("/v1/embeddings", { ...run, part: "api", endpoint: "embeddings", maxBytes: 5 * 1024 * 1024 }),
  exact("/v1/models", { ...get, part: "chat", kind: "models" }),

  exact("/", page),
  exact("/control-ui-config.json", { ...page, withIdentity: true, target: "/control-ui-config.json" }),
  exact("/manifest.webmanifest", asset),
  exact("/sw.js", asset),
  // What a browser shows beside any page of the gateway, the chat page too.
  exact("/apple-touch-icon.png", file),
  exact("/favicon-32.png", file),
  exact("/favicon.ico", file),
  exact("/favicon.svg", file),
  exact("/__openclaw__/assistant-media", {
    ...placed,
    query: ["source", "sessionKey", "agentId", "mediaTicket", "meta", "playback"],
  }),
]);

/** Folders of the Control UI's files, and addresses of its own views (OpenClaw 2026.9.6). */
const FOLDERS = words("app-art assets cloud-provider-icons community-art fonts provider-icons themes");
const VIEWS = words(
  "activity agents apps automations chat custodian dashboard dashboards debug logs meetings memory-import new",
  "plugins portals sessions settings skills systems tasks terminal usage workboard worktrees",
);
/** Pictures that have one name each. */
const PICTURES = words(
  "catalog-icon channel-avatar link-favicon plugin-activity-icon plugin-icon workspace-icon",
);

/** A file or an id: nothing hidden, nothing encoded. */
const NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}$/;
/** The same, and what OpenClaw's session keys have besides (`agent:main:main`), once it is decoded. */
const KEY = /^[A-Za-z0-9_][A-Za-z0-9_.:@+=~-]{0,299}$/;

/** Routes of many addresses, by their first segment. What is below `/__openclaw__/` and not here stays closed. */
export const FAMILIES: ReadonlyMap<string, readonly Family[]> = Map.groupBy(
  [
    ...FOLDERS.map((folder) => family(`/${folder}/NAME`, asset)),
    family("/file-icons/NAME", asset),
    family("/file-icons/NAME/NAME", asset),
    family("/file-icons/NAME/NAME/NAME", asset),
    ...VIEWS.map((view) => ({ ...page, name: `GET /${view}/*`, targetOf: () => "/" as const })),
    { ...own, name: "GET /app/*", targetOf: () => "/" as const },
    {
      ...get,
      part: "chat",
      kind: "models",
      name: "GET /v1/models/*",
      targetOf: ([, models, openclaw, agent, ...more]: readonly string[]) => {
        if (models !== "models" || openclaw !== "openclaw" || more.length > 0) return undefined;
        if (agent === undefined) return "/v1/models/openclaw";
        return NAME.test(agent) ? `/v1/models/openclaw%2F${agent}` : undefined; // one encoded part of a model's name
      },
    } as const,
    family("/api/users/NAME/avatar", { ...placed, query: ["v"] }),
    family("/api/chat/media/outgoing/KEY/NAME/NAME", { ...placed, query: ["mediaTicket", "playback"] }),
    family("/api/artifacts/download/KEY/NAME", placed),
    family("/avatar/KEY", { ...placed, query: ["v", "meta"] }),
    ...PICTURES.map((picture) => family(`/__openclaw__/${picture}/KEY`, { ...placed, query: ["v"] })),
    family("/__openclaw__/plugin-theme-art/KEY/KEY/KEY/KEY", { ...placed, query: ["v"] }),
  ],
  ({ name }) => name.split("/")[1] ?? "",
);

function words(...lines: string[]): string[] {
  return lines.flatMap((line) => line.split(" "));
}

function exact(path: `/${string}`, kind: Kind): readonly [string, Route] {
  return [path, { target: path, ...kind, name: `${kind.method} ${path}` }];
}

/** A family by its pattern, whose NAME and KEY stand for a segment each. */
function family(pattern: `/${string}`, kind: Kind): Family {
  const parts = pattern.split("/").slice(1);
  const targetOf = (segments: readonly string[]) => {
    if (segments.length !== parts.length) return undefined;
    let target = "";
    for (const [index, part] of parts.entries()) {
      const segment = targetSegment(part, segments[index] ?? "");
      if (segment === undefined) return undefined;
      target += `/${segment}`;
    }
    return target as `/${string}`;
  };
  return { ...kind, name: `${kind.method} ${pattern.replaceAll(/NAME|KEY/g, "*")}`, targetOf };
}

function targetSegment(part: string, segment: string): string | undefined {
  if (part === "NAME") return NAME.test(segment) ? segment : undefined;
  if (part !== "KEY") return segment === part ? segment : undefined;
  try {
    const key = decodeURIComponent(segment);
    return KEY.test(key) ? encodeURIComponent(key) : undefined;
  } catch {
    return undefined;
  }
}
