/**
 * What openclaw.json was before a stack's first change: a file beside the config, as private as it is. From it the
 * config goes back to what it was. infra/pi-script.ts puts this in front of openclaw.mjs.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");

/** Writes a file whole or not at all, readable by its owner alone. */
function replaceFile(path, bytes, mode = 0o600) {
  const draft = `${path}.draft-${process.pid}`;
  try {
    writeFileSync(draft, bytes, { mode, flush: true });
    renameSync(draft, path);
  } finally {
    rmSync(draft, { force: true });
  }
}

class ConfigRecord {
  #configFile;

  constructor(configFile, stack) {
    this.#configFile = configFile;
    this.stack = stack;
    this.file = join(dirname(configFile), `openclaw-gateway.${stack}.json`);
    this.exists = existsSync(this.file);
    /**
     * `bytes` and `mode` of the file and its `backups` before the first change; for each of our `keys` what was there
     * `before` and what this stack `wrote` (and `earlier`, while a change is under way), `byOpenClaw` where its command
     * wrote that besides; `after`, the hash of the file
     * as our last change left it, or null once somebody else's change is in it; `states`, hashes of what we replaced;
     * `changing` while a change is under way: "ours", or "shared" where somebody else's is in the file too.
     */
    this.kept = this.exists ? JSON.parse(readFileSync(this.file, "utf8")) : undefined;
  }

  /** Keys that still hold what this stack wrote. */
  ours(config) {
    return (this.kept?.keys ?? []).filter(({ path, wrote, earlier }) => {
      const now = at(config, path);
      return same(now, wrote) || (earlier !== undefined && same(now, earlier));
    });
  }

  /** Names of agents that this stack has put into OpenClaw's roster. */
  ownAgents(config) {
    return this.ours(config)
      .filter(({ path, before, byOpenClaw }) => !byOpenClaw && before === null && isAgent(path))
      .map(({ path }) => path.at(-1));
  }

  /** The config without what this stack wrote. */
  withoutOurs(config) {
    return withValues(config, valuesBefore(this.ours(config)));
  }

  /** What this stack wrote at a path, where it still stands. */
  wrote(config, path) {
    return this.ours(config).find((key) => same(key.path, path))?.wrote ?? undefined;
  }

  /**
   * Whether nothing of anybody but this stack is in the file: it is as our last change left it, or says the same as the
   * old one but for our keys (after a cut between a change and its note, or when somebody took a change back). Comments
   * would be somebody's.
   */
  isUntouched(bytes, config) {
    if (!this.exists || sha256(bytes) === this.kept.after) return true;
    return isPlainJson(bytes) && this.#onlyOurKeysDiffer(config);
  }

  /** OpenClaw's commands put a stamp into the file, too. */
  #onlyOurKeysDiffer(config) {
    const withoutStamp = ({ meta: _stamp, ...rest }) => pruned(rest);
    return same(withoutStamp(this.withoutOurs(config)), withoutStamp(this.#before()));
  }

  #before() {
    return JSON5.parse(Buffer.from(this.kept.bytes, "base64").toString("utf8"));
  }

  /**
   * Notes what is about to be written, before it is; also what stands there already, since OpenClaw's command may drop
   * a credential that it finds useless.
   */
  begin(bytes, config, values) {
    const untouched = this.isUntouched(bytes, config);
    this.kept ??= {
      bytes: bytes.toString("base64"),
      mode: statSync(this.#configFile).mode & 0o777,
      backups: this.#backups(),
      states: [],
      keys: [],
    };
    const ours = this.ours(config);
    for (const [path, value] of values) {
      const known = this.kept.keys.find((key) => same(key.path, path));
      const now = at(config, path);
      if (!known) this.kept.keys.push({ path, before: now, wrote: value });
      else if (ours.includes(known)) Object.assign(known, { earlier: known.wrote, wrote: value });
      // Somebody else's by now: where it may stay, it is to stay in the end, too.
      else Object.assign(known, { wrote: value, before: same(now, value) ? now : known.before });
    }
    this.kept.changing = untouched ? "ours" : "shared";
    this.#write();
  }

  /**
   * Notes that the change is done, so that the way back knows whether anyone changed the file since; with what
   * OpenClaw's command wrote besides, such as who owns what once there is a second agent.
   * @param result the config of before this run's change, with what this stack wants
   */
  end(bytes, result) {
    if (!this.kept?.changing) return;
    const wrote = this.kept.keys
      .filter(({ byOpenClaw }) => !byOpenClaw)
      .map(({ path, wrote }) => [path, wrote]);
    // A run that was cut has left no trace in this one's result.
    const expected = this.kept.changing === "ours" ? withValues(this.#before(), wrote) : result;
    for (const [path, wrote] of unexpected(expected, JSON5.parse(bytes.toString("utf8")))) {
      if (path[0] === "meta" || this.kept.keys.some((key) => same(key.path, path))) continue;
      this.kept.keys.push({ path, before: at(expected, path), wrote, byOpenClaw: true });
    }
    const { changing, ...rest } = this.kept;
    this.kept = {
      ...rest,
      after: changing === "ours" ? sha256(bytes) : null,
      keys: rest.keys.map(({ earlier: _done, ...key }) => key),
    };
    this.#write();
  }

  /** Gives up a change: the record as it was when this run began. */
  forget(asItWas) {
    if (asItWas === undefined) return this.remove();
    this.kept = { ...asItWas, states: this.kept.states };
    this.#write();
  }

  /** Replaces what is kept. */
  rewrite(kept) {
    this.kept = kept;
    this.#write();
  }

  /** Notes what is about to be replaced: OpenClaw's command makes a backup of it, which is ours to remove. */
  noteState(bytes) {
    this.kept.states.push(sha256(bytes));
  }

  /** Takes the record away, with the backups that OpenClaw's commands made of our changes: they hold secrets too. */
  remove() {
    for (const name of this.#backups()) {
      if (this.kept.backups.includes(name)) continue;
      const path = join(dirname(this.#configFile), name);
      const hash = sha256(readFileSync(path));
      if (this.kept.states.includes(hash) || hash === this.kept.after) rmSync(path);
    }
    rmSync(this.file);
  }

  #backups() {
    const folder = dirname(this.#configFile);
    return readdirSync(folder).filter((name) => name.startsWith(`${basename(this.#configFile)}.bak`));
  }

  #write() {
    replaceFile(this.file, JSON.stringify(this.kept, null, 2));
  }
}

const isAgent = (path) => path.length === 3 && path[0] === "agents" && path[1] === "entries";

function isPlainJson(bytes) {
  try {
    JSON.parse(bytes.toString("utf8"));
    return true;
  } catch {
    return false;
  }
}

/** Without objects that hold nothing, which a key that was taken away leaves. */
const pruned = (value) =>
  isPlainObject(value)
    ? Object.fromEntries(
        Object.entries(value)
          .map(([key, inner]) => [key, pruned(inner)])
          .filter(([, inner]) => !isPlainObject(inner) || Object.keys(inner).length > 0),
      )
    : value;

const valuesBefore = (keys) => keys.map(({ path, before }) => [path, before]);

export { ConfigRecord, isPlainJson, replaceFile, valuesBefore };
