/**
 * Which keys of openclaw.json a stack wants, with which values. infra/pi-script.ts puts this in front of openclaw.mjs;
 * infra/openclaw-wanted.ts says what is `wanted`.
 */
import { randomBytes } from "node:crypto";

const TOKEN = ["gateway", "auth", "token"];
const PASSWORD = ["gateway", "auth", "password"];
const MODE = ["gateway", "auth", "mode"];

const at = (config, path) =>
  path.reduce((value, key) => (isPlainObject(value) ? value[key] : undefined), config) ?? null;

/** `{a: {b: value}}` for the path a, b. */
const nested = (path, value) => path.reduceRight((inner, key) => ({ [key]: inner }), value);

/** Merges as `openclaw config patch` does: objects merge, all else replaces. */
const merged = (a, b) =>
  isPlainObject(a) && isPlainObject(b)
    ? Object.fromEntries(
        [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
          key,
          key in b ? merged(a[key], b[key]) : a[key],
        ]),
      )
    : b;

/** What makes one value the other by such a merge: of an object, too, what it has and shall not have (null) goes. */
const replacing = (now, value) =>
  isPlainObject(now) && isPlainObject(value)
    ? Object.fromEntries(
        [...new Set([...Object.keys(now), ...Object.keys(value)])].map((key) => [
          key,
          key in value ? replacing(now[key], value[key]) : null,
        ]),
      )
    : value;

/**
 * An object of which nothing is left goes as a whole. OpenClaw's command takes that for a deletion that is meant; of its
 * roster of agents it lets no single one go by a patch.
 */
const collapsed = (now, patch) => {
  if (!isPlainObject(now) || !isPlainObject(patch)) return patch;
  const inner = Object.entries(patch).map(([key, value]) => [key, collapsed(now[key], value)]);
  const gone = new Set(inner.filter(([, value]) => value === null).map(([key]) => key));
  const nothingLeft =
    inner.length > 0 && gone.size === inner.length && Object.keys(now).every((key) => gone.has(key));
  return nothingLeft ? null : Object.fromEntries(inner);
};

/** The patch that gives a config these values; null takes a key away. */
const patchTo = (config, values) =>
  collapsed(
    config,
    values.reduce(
      (patch, [path, value]) => merged(patch, nested(path, replacing(at(config, path), value))),
      {},
    ),
  );

/** What a patch makes of a config. */
function patched(config, patch) {
  if (!isPlainObject(patch)) return patch;
  const now = isPlainObject(config) ? config : {};
  const inner = Object.keys({ ...now, ...patch }).map((key) => [
    key,
    key in patch ? patched(now[key], patch[key]) : now[key],
  ]);
  return Object.fromEntries(inner.filter(([, value]) => value !== null));
}

/** A copy of the config with these values. */
function withValues(config, values) {
  const copy = structuredClone(config);
  for (const [path, value] of values) {
    const last = path.at(-1);
    let holder = copy;
    for (const key of path.slice(0, -1)) {
      if (!isPlainObject(holder[key])) holder[key] = {};
      holder = holder[key];
    }
    if (value === null) delete holder[last];
    else holder[last] = value;
  }
  return copy;
}

const sorted = (value) =>
  isPlainObject(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;

/** Whether two values are the same, in whatever order their keys stand. */
const same = (a, b) => JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));

/**
 * The keys as this stack wants them, each with its value; null where there shall be none.
 *
 * @param config as it is without what this stack has written
 * @param wanted `origin` and `otherOrigins`, `endpoints` besides chat completions, `access` where the Access identity is the login, and
 *   `webAgent` where the gateway has an agent of its own
 * @param made secrets that this stack made before, by path
 * @param environment variables that the gateway's process has
 */
function wantedKeys(config, { origin, otherOrigins = [], endpoints, access, webAgent }, made, environment) {
  return [
    ...["chatCompletions", ...endpoints].map((name) => [
      ["gateway", "http", "endpoints", name, "enabled"],
      true,
    ]),
    // OpenClaw answers 403 to proxied requests unless it knows the proxy; cloudflared is one, on loopback.
    [
      ["gateway", "trustedProxies"],
      extended(at(config, ["gateway", "trustedProxies"]), ["127.0.0.1", "::1"]),
    ],
    [
      ["gateway", "controlUi", "allowedOrigins"],
      extended(at(config, ["gateway", "controlUi", "allowedOrigins"]), [origin, ...otherOrigins]),
    ],
    ...(access ? identityKeys(config, access, made) : tokenKeys(config, made, environment)),
    ...(webAgent ? [agentKey(config, webAgent)] : []),
  ];
}

const extended = (list, wanted) => {
  const before = Array.isArray(list) ? list : [];
  return [...before, ...wanted.filter((item) => !before.includes(item))];
};

const modeOf = (auth) => auth.mode ?? (auth.password ? "password" : "token");

/** A token that OpenClaw has is kept, wherever it is kept; where it has none, one is made. */
function tokenKeys(config, made, environment) {
  const auth = at(config, ["gateway", "auth"]) ?? {};
  const mode = modeOf(auth);
  if (mode !== "token") {
    throw new Refusal(
      "OPENCLAW_AUTH_MODE",
      `OpenClaw's gateway.auth.mode is "${mode}", and signIn "token" needs "token"`,
      mode === "trusted-proxy"
        ? "change it with: openclaw config set gateway.auth.mode token"
        : "change it with: openclaw config set gateway.auth.mode token, or sign in by identity: npx pulumi config set signIn access",
    );
  }
  if (auth.token === undefined || auth.token === "") {
    // docs/gateway/secrets/runtime-model.md there: the variable counts where the config says nothing.
    if (environment.OPENCLAW_GATEWAY_TOKEN) return [];
    return [
      [MODE, "token"],
      [TOKEN, made(TOKEN) ?? randomBytes(32).toString("hex")],
    ];
  }
  return [[TOKEN, auth.token]];
}

/**
 * OpenClaw's trusted-proxy mode: the gateway vouches for who asks. OpenClaw starts with a token and a trusted proxy
 * together not at all, so the token goes; a password stays or is made, by which OpenClaw's own commands on the Pi get
 * in. docs/gateway/trusted-proxy-auth.md there.
 */
function identityKeys(config, { trustedProxy, identityScopes, roles }, made) {
  const auth = at(config, ["gateway", "auth"]) ?? {};
  if (modeOf(auth) === "trusted-proxy") {
    throw new Refusal(
      "OPENCLAW_AUTH_MODE",
      'OpenClaw\'s gateway.auth.mode is "trusted-proxy" already, for another proxy: it knows one at a time',
      "keep that one with: npx pulumi config set signIn token, after openclaw config set gateway.auth.mode token; or give OpenClaw back its token first",
    );
  }
  return [
    [MODE, "trusted-proxy"],
    [TOKEN, null],
    [PASSWORD, auth.password ?? made(PASSWORD) ?? randomBytes(32).toString("hex")],
    [["gateway", "auth", "trustedProxy"], trustedProxy],
    [["gateway", "auth", "identityScopes"], identityScopes],
    [["gateway", "roles"], at(config, ["gateway", "roles"]) ?? roles], // a person's own are left alone
  ];
}

/**
 * The agent that the gateway talks to. OpenClaw's roster is `agents.entries`; a second agent makes it write down who
 * owns what belonged to the only one before (docs/gateway/config-agents/entries-and-multi-agent.md there).
 */
function agentKey(config, { id, entry, workspace }) {
  const path = ["agents", "entries", id];
  const value = { ...entry, workspace };
  const own = at(config, path);
  if (own !== null && !same(own, value)) {
    throw new Refusal(
      "OPENCLAW_AGENT_EXISTS",
      `OpenClaw has an agent "${id}" of somebody's own`,
      "give the gateway's another name: npx pulumi config set --path openclaw-gateway:webAgent.name NAME",
    );
  }
  return [path, value];
}

/** Where a config differs from what was expected of it, as `[path, value]`, each as high up as possible. */
const unexpected = (expected, now, path = []) =>
  [...new Set([...Object.keys(expected), ...Object.keys(now)])].flatMap((key) => {
    const [before, after] = [expected[key] ?? null, now[key] ?? null];
    if (same(before, after)) return [];
    if (isPlainObject(before) && isPlainObject(after)) return unexpected(before, after, [...path, key]);
    return [[[...path, key], after]];
  });

export { at, MODE, modeOf, PASSWORD, patched, patchTo, same, TOKEN, unexpected, wantedKeys, withValues };
