/**
 * A change of a model provider's key that is under way, and what the old key leaves behind: a file beside the config, as
 * private as it is, by which a run that was cut is brought to its end. infra/pi-script.ts puts this in front of
 * model-key.mjs.
 */
class BegunChange {
  #file;

  #configFile;

  constructor(configFile) {
    this.#configFile = configFile;
    this.#file = join(dirname(configFile), "openclaw-gateway-model-key.json");
    /** `provider`, `bytes` and `mode` of the config before, and `untouched`: stacks of whose record only they differ. */
    this.kept = existsSync(this.#file) ? JSON.parse(readFileSync(this.#file, "utf8")) : undefined;
  }

  /** The config before. */
  get bytes() {
    return Buffer.from(this.kept.bytes, "base64");
  }

  get #before() {
    return JSON5.parse(this.bytes.toString("utf8"));
  }

  get keyBefore() {
    return at(this.#before, keyPath(this.kept.provider));
  }

  /** What was there before, as `[path, value]`. */
  get valuesBefore() {
    const { provider } = this.kept;
    return exchange(this.#before, provider, this.keyBefore, "").map(([path]) => [
      path,
      at(this.#before, path),
    ]);
  }

  /** Whether nothing but the key differs in a config from the one before, and OpenClaw's stamp. */
  isAlone(config) {
    const unstamped = ({ meta: _stamp, ...rest }) => rest;
    const { provider } = this.kept;
    const values = exchange(this.#before, provider, this.keyBefore, at(config, keyPath(provider)));
    return same(unstamped(config), unstamped(withValues(this.#before, values)));
  }

  begin(bytes, config, provider) {
    const untouched = recordsOf(this.#configFile).filter((record) => record.isUntouched(bytes, config));
    this.kept = {
      provider,
      bytes: bytes.toString("base64"),
      mode: statSync(this.#configFile).mode & 0o777,
      untouched: untouched.map(({ stack }) => stack),
    };
    replaceFile(this.#file, JSON.stringify(this.kept, null, 2));
  }

  end() {
    this.kept = undefined;
    rmSync(this.#file, { force: true });
  }
}

/** The records of all stacks that have changed this config. */
const recordsOf = (configFile) =>
  readdirSync(dirname(configFile))
    .map((name) => /^openclaw-gateway\.(.+)\.json$/.exec(name)?.[1])
    .filter((stack) => stack !== undefined)
    .map((stack) => new ConfigRecord(configFile, stack));

/**
 * Puts the new key in the old one's place in OpenClaw's own copies of its config: one that came back from there would be
 * refused. @returns what each copy was before and is now, by its hash
 */
function cleanCopies(configFile, provider, old, next) {
  const folder = dirname(configFile);
  const hashes = new Map();
  for (const name of readdirSync(folder)) {
    const path = join(folder, name);
    if (!name.startsWith(`${basename(configFile)}.`) || !lstatSync(path).isFile()) continue;
    const bytes = readFileSync(path);
    if (!bytes.includes(old)) continue;
    try {
      const cleaned = exchangedBytes(bytes, provider, old, next);
      replaceFile(path, cleaned, lstatSync(path).mode & 0o777);
      hashes.set(sha256(bytes), sha256(cleaned));
    } catch {
      // Nothing that OpenClaw could read either: it is named in the end.
    }
  }
  return hashes;
}

/**
 * Puts the new key in the old one's place in the records of all stacks, since the way back is not to bring the old one.
 * @param copies what OpenClaw's copies of the config have become, by their hashes
 */
function cleanRecords(configFile, change, next, copies) {
  const {
    keyBefore: old,
    kept: { provider, untouched },
  } = change;
  const after = readFileSync(configFile);
  const isAlone = change.isAlone(JSON5.parse(after.toString("utf8")));
  for (const record of recordsOf(configFile)) {
    const { kept, stack } = record;
    // OpenClaw's command made a backup of the config for this change, too.
    const states = [...kept.states, sha256(change.bytes)].map((hash) => copies.get(hash) ?? hash);
    record.rewrite({
      ...(isTelling(old) ? exchangedIn(kept, old, next) : kept),
      bytes: exchangedBytes(Buffer.from(kept.bytes, "base64"), provider, old, next).toString("base64"),
      states: [...new Set(states)],
      ...(isAlone && untouched.includes(stack) && { after: sha256(after) }),
    });
  }
}

const MOST_FILES = 20_000;
const LARGEST_BYTES = 64 * 1024 * 1024;

/** Files of a folder that hold a key, by their paths below it; of a large workspace not all are read. */
function holdersOf(folder, key) {
  const holders = [];
  let seen = 0;
  const look = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const inner = join(path, entry.name);
      if (entry.isDirectory() && entry.name !== "node_modules" && entry.name !== ".git") look(inner);
      if (!entry.isFile() || ++seen > MOST_FILES || lstatSync(inner).size > LARGEST_BYTES) continue;
      try {
        if (readFileSync(inner).includes(key)) holders.push(inner.slice(folder.length + 1));
      } catch {
        // gone since, or not this user's
      }
    }
  };
  look(folder);
  return holders;
}

export { BegunChange, cleanCopies, cleanRecords, holdersOf, recordsOf };
