/**
 * Where openclaw.json keeps the keys of model providers, and one key put in another's place. infra/pi-script.ts puts this
 * in front of model-key.mjs.
 */
const PROVIDERS = ["models", "providers"];
const keyPath = (provider) => [...PROVIDERS, provider, "apiKey"];
const providersOf = (config) => Object.keys(at(config, PROVIDERS) ?? {});

/** What OpenClaw takes for no key but for a sign that it is elsewhere, or that there is none (src/agents/model-auth-markers.ts there). */
const MARKER =
  /^(?:oauth:.*|secretref-.*|custom-local|ollama-local|codex-app-server|gcp-vertex-credentials)$/;
/** `${NAME}` anywhere, `$NAME` as a whole, or a name alone where OpenClaw knows it (config-tools/custom-providers.md there). */
const VARIABLES = [/\$\{([A-Z_][A-Z0-9_]*)\}/, /^\$([A-Z_][A-Z0-9_]*)$/, /^([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)$/];
const variableIn = (value) =>
  VARIABLES.map((form) => form.exec(value)?.[1]).find((name) => name !== undefined);

const inVariable = (name) => ({
  words: `in the environment variable ${name}`,
  mend: `give ${name} its new value where it is set for OpenClaw (its unit, ~/.openclaw/.env or env.vars in openclaw.json), then: openclaw gateway restart`,
});

/** What a SecretRef leads to. docs/gateway/secrets/secretref-contract.md there. */
const referred = ({ source, provider, id }, config) =>
  ({
    env: inVariable(id),
    file: {
      words: `in the file of the secret provider ${provider}`,
      mend: `change it in ${at(config, ["secrets", "providers", provider, "path"]) ?? "that file"}, then: openclaw secrets reload`,
    },
    exec: {
      words: `where the command of the secret provider ${provider} takes it from`,
      mend: "change it there, then: openclaw secrets reload",
    },
    store: {
      words: `in OpenClaw's own secret store, as ${id}`,
      mend: `on the Pi: openclaw secrets store set ${id} && openclaw secrets reload`,
    },
  })[source] ?? { words: `at a source "${source}"`, mend: "change it there, then: openclaw secrets reload" };

const inAuthStore = (provider, profile) => ({
  words: `in OpenClaw's auth store${profile ? `, as ${profile}` : ""}`,
  mend: `on the Pi, where it asks for the key: openclaw models auth paste-api-key --provider ${provider}`,
});

/**
 * Where a provider's key is.
 * @param profiles ids of the provider's profiles in OpenClaw's auth store
 * @param variable name of an environment variable in which OpenClaw finds a key for it
 * @returns the `key` itself where OpenClaw takes it from openclaw.json, else in `words` where it is, and in `mend` how it is
 *   changed there
 */
function placeOfKey(config, provider, { profiles = [], variable } = {}) {
  const value = at(config, keyPath(provider));
  if (isPlainObject(value)) return referred(value, config);
  const named = typeof value === "string" ? variableIn(value) : undefined;
  if (named) return inVariable(named);
  if (profiles.includes(value)) return inAuthStore(provider, value);
  // Both come before what openclaw.json holds, unless the provider says otherwise (docs/auth-credential-semantics.md there).
  const isExplicit = at(config, [...PROVIDERS, provider, "auth"]) === "api-key" && value !== null;
  if (profiles.length > 0 && !isExplicit) return inAuthStore(provider, profiles[0]);
  if (variable && !isExplicit) return inVariable(variable);
  if (typeof value === "string" && value !== "" && !MARKER.test(value)) return { key: value };
  return {
    words: "not in openclaw.json",
    mend: "see where OpenClaw finds it, on the Pi: openclaw models status",
  };
}

/** A value with one text in another's place, wherever it stands alone. */
const exchangedIn = (value, old, next) => {
  if (value === old) return next;
  if (Array.isArray(value)) return value.map((inner) => exchangedIn(inner, old, next));
  if (!isPlainObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, exchangedIn(inner, old, next)]),
  );
};

/** The paths at which a text stands alone. A list counts as one value. */
const pathsOf = (value, text, path = []) => {
  if (value === text) return [path];
  if (Array.isArray(value)) return same(exchangedIn(value, text, ""), value) ? [] : [path];
  if (!isPlainObject(value)) return [];
  return Object.entries(value).flatMap(([name, inner]) => pathsOf(inner, text, [...path, name]));
};

/** What is shorter may be a word that stands for something else elsewhere. */
const SHORTEST_TELLING = 16;
const isTelling = (key) => key.length >= SHORTEST_TELLING;

/** A provider's new key, as `[path, value]`, wherever the old one stands: what is given up is given up everywhere. */
function exchange(config, provider, old, next) {
  const own = at(config, keyPath(provider)) === old ? [keyPath(provider)] : [];
  const paths = isTelling(old) ? pathsOf(config, old) : own;
  return paths.map((path) => [path, exchangedIn(at(config, path), old, next)]);
}

/** The same of a config's bytes, comments and all else as they are where that can be done. */
function exchangedBytes(bytes, provider, old, next) {
  const text = bytes.toString("utf8");
  const config = JSON5.parse(text);
  const wanted = withValues(config, exchange(config, provider, old, next));
  const written = [JSON.stringify(old), `'${old}'`].flatMap((word) =>
    [...text.matchAll(new RegExp(word.replace(/[^\w"']/g, "\\$&"), "g"))].map(({ index }) => ({
      index,
      word,
    })),
  );
  const exchangedAt = (places) =>
    places
      .toSorted((one, other) => other.index - one.index)
      .reduce(
        (rest, { index, word }) =>
          `${rest.slice(0, index)}${word[0]}${next}${word[0]}${rest.slice(index + word.length)}`,
        text,
      );
  const tries = [written, ...written.map((one) => [one])].map(exchangedAt);
  const found = tries.find((one) => same(JSON5.parse(one), wanted));
  return Buffer.from(found ?? `${JSON.stringify(wanted, null, 2)}\n`);
}

/** A model of the provider that a chat can be asked of: the one that an agent uses, else the first of its list. */
function modelOf(config, provider) {
  const named = [];
  const collect = (value) => {
    if (typeof value === "string" && value.startsWith(`${provider}/`)) named.push(value);
    else if (Array.isArray(value)) value.forEach(collect);
    else if (isPlainObject(value))
      for (const [key, inner] of Object.entries(value)) [key, inner].forEach(collect);
  };
  collect(at(config, ["agents", "defaults", "model"]));
  collect(at(config, ["agents"]));
  const [first] = at(config, [...PROVIDERS, provider, "models"]) ?? [];
  return named[0] ?? (first?.id === undefined ? undefined : `${provider}/${first.id}`);
}

export { exchange, exchangedBytes, isTelling, keyPath, modelOf, placeOfKey, providersOf };
