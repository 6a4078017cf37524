/**
 * Enables what the gateway needs in openclaw.json, and puts it back. Run on the Pi by OpenClaw's own Node, from
 * standard input, behind openclaw-config.mjs: nothing is installed. OpenClaw's own CLI writes the config, since it validates, backs up and
 * reloads; this program decides which keys differ and keeps what they were before.
 *
 * Arguments: create|delete STACK ORIGIN PORT PACKAGE ENTRY CONFIG. The answer on standard output holds the gateway's
 * token; standard error never does.
 */
import { spawnSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { existsSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

const [operation, stack, origin, port, packageFolder, entry, configFile] = process.argv.slice(2);
const requireOpenClaw = requireFrom(packageFolder);
const JSON5 = requireOpenClaw("json5");

/** What the config was before this stack's first change, beside the config and as private as it is. */
const recordFile = join(dirname(configFile), `openclaw-gateway.${stack}.json`);

const say = (text) => process.stderr.write(`${text}\n`);
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
const at = (config, path) =>
  path.reduce((value, key) => (isPlainObject(value) ? value[key] : undefined), config);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** `{a: {b: value}}` for the path a, b. */
const nested = (path, value) => path.reduceRight((inner, key) => ({ [key]: inner }), value);

/** Merges patches as `openclaw config patch` does: objects merge, all else replaces. */
const merged = (a, b) =>
  isPlainObject(a) && isPlainObject(b)
    ? Object.fromEntries(
        [...new Set([...Object.keys(a), ...Object.keys(b)])].map((key) => [
          key,
          key in b ? merged(a[key], b[key]) : a[key],
        ]),
      )
    : b;

const readConfig = () => readConfigFile(configFile, JSON5);

/** The gateway's token as the config has it; undefined when a new one is to be made. */
function tokenOf(config) {
  const auth = at(config, ["gateway", "auth"]) ?? {};
  const mode = auth.mode ?? (auth.password ? "password" : "token");
  if (mode !== "token") {
    throw new Refusal(
      "OPENCLAW_AUTH_MODE",
      `OpenClaw's gateway.auth.mode is "${mode}", and this version of openclaw-gateway needs "token"`,
      "change it with: openclaw config set gateway.auth.mode token",
    );
  }
  if (auth.token === undefined || auth.token === "") return undefined;
  if (typeof auth.token !== "string" || auth.token.includes("${")) {
    throw new Refusal(
      "OPENCLAW_TOKEN_REFERENCE",
      "gateway.auth.token refers to a secret kept elsewhere, which this version of openclaw-gateway cannot read",
      "put the token itself there, or unset it: a new one is then made",
    );
  }
  return auth.token;
}

const extended = (list, wanted) => {
  const before = Array.isArray(list) ? list : [];
  return [...before, ...wanted.filter((item) => !before.includes(item))];
};

/** The keys that have to change, with their values. */
function changesFor(config, token) {
  const desired = [
    [["gateway", "http", "endpoints", "chatCompletions", "enabled"], true],
    // OpenClaw answers 403 to proxied requests unless it knows the proxy; cloudflared is one, on loopback.
    [
      ["gateway", "trustedProxies"],
      extended(at(config, ["gateway", "trustedProxies"]), ["127.0.0.1", "::1"]),
    ],
    [
      ["gateway", "controlUi", "allowedOrigins"],
      extended(at(config, ["gateway", "controlUi", "allowedOrigins"]), [origin]),
    ],
  ];
  if (tokenOf(config) === undefined) {
    desired.push([["gateway", "auth", "mode"], "token"], [["gateway", "auth", "token"], token]);
  }
  return desired.filter(([path, value]) => !same(at(config, path), value));
}

function openclaw(args, input) {
  const run = spawnSync(process.execPath, [entry, ...args], {
    input,
    encoding: "utf8",
    timeout: 120_000,
    env: { ...process.env, OPENCLAW_NO_AUTO_UPDATE: "1" },
  });
  return { ok: run.status === 0, words: `${run.stdout ?? ""}${run.stderr ?? ""}`.trim() };
}

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

function applyPatch(patch, expectedBytes, secrets) {
  const text = JSON.stringify(patch);
  const cleaned = (words) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), words);
  const trial = openclaw(["config", "patch", "--stdin", "--dry-run"], text);
  if (!trial.ok)
    throw new Refusal(
      "OPENCLAW_CONFIG_REFUSED",
      `OpenClaw does not take the change: ${cleaned(trial.words)}`,
      "nothing was changed; check the config with: openclaw config validate",
    );
  if (!readFileSync(configFile).equals(expectedBytes))
    throw new Refusal(
      "OPENCLAW_CONFIG_BUSY",
      `${configFile} was changed by something else just now`,
      "nothing was changed; run npx pulumi up again",
    );
  const run = openclaw(["config", "patch", "--stdin"], text);
  if (!run.ok)
    throw new Refusal(
      "OPENCLAW_CONFIG_REFUSED",
      `OpenClaw did not write the change: ${cleaned(run.words)}`,
      "check the config with: openclaw config validate",
    );
}

const backups = () =>
  readdirSync(dirname(configFile)).filter((name) => name.startsWith(`${basename(configFile)}.bak`));

/** Keeps what was there before the first change; later changes only add keys that had not been touched. */
function record(bytes, config, changes) {
  const kept = existsSync(recordFile)
    ? JSON.parse(readFileSync(recordFile, "utf8"))
    : {
        bytes: bytes.toString("base64"),
        mode: statSync(configFile).mode & 0o777,
        backups: backups(),
        keys: [],
      };
  for (const [path, value] of changes) {
    const known = kept.keys.find((key) => same(key.path, path));
    if (known) known.wrote = value;
    else kept.keys.push({ path, before: at(config, path) ?? null, wrote: value });
  }
  replaceFile(recordFile, JSON.stringify(kept, null, 2));
  return kept;
}

/** Whether the gateway answers its models list with this token, as a proxied caller sees it. */
async function answersModels(token) {
  try {
    // A public address: OpenClaw takes a request without one for a local administrator, and refuses a loopback one.
    const headers = { authorization: `Bearer ${token}`, "x-forwarded-for": "192.0.2.1" };
    const response = await fetch(`http://127.0.0.1:${port}/v1/models`, {
      headers,
      signal: AbortSignal.timeout(5_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return error.cause?.code ?? error.name;
  }
}

/** Waits until the gateway's models list answers with the status, at most 90 s: a Pi may restart the gateway for it. */
async function waitForModels(token, wanted) {
  const deadline = Date.now() + 90_000;
  let last;
  do {
    last = await answersModels(token);
    if (last === wanted) return true;
    await new Promise((resolve) => setTimeout(resolve, 300));
  } while (Date.now() < deadline);
  say(`OpenClaw's last answer to /v1/models was ${last}`);
  return false;
}

async function create() {
  const { bytes, config } = readConfig();
  const configuredPort = at(config, ["gateway", "port"]) ?? 18789;
  if (String(configuredPort) !== port) {
    throw new Refusal(
      "OPENCLAW_PORT",
      `OpenClaw listens on port ${configuredPort}, and the stack says ${port}`,
      `npx pulumi config set --path openclaw-gateway:pi.openclawPort ${configuredPort}`,
    );
  }
  const token = tokenOf(config) ?? randomBytes(32).toString("hex");
  const changes = changesFor(config, token);
  if (changes.length > 0) {
    requireWritable(configFile);
    record(bytes, config, changes);
    say(`OpenClaw: setting ${changes.map(([path]) => path.join(".")).join(", ")}`);
    applyPatch(
      changes.reduce((patch, [path, value]) => merged(patch, nested(path, value)), {}),
      bytes,
      [token],
    );
  }
  if (!(await waitForModels(token, 200))) {
    if (changes.length > 0) restore();
    throw new Refusal(
      "OPENCLAW_NOT_ANSWERING",
      "OpenClaw did not answer /v1/models with the new settings within 90 s; its config was put back",
      "look at its log: journalctl --user -u openclaw-gateway",
    );
  }
  if (existsSync(recordFile)) noteResult();
  const { version } = requireOpenClaw("./package.json");
  process.stdout.write(`${JSON.stringify({ token, openclaw: version })}\n`);
}

/** The file as our change left it, so that delete can tell whether anyone changed it since. */
function noteResult() {
  const kept = JSON.parse(readFileSync(recordFile, "utf8"));
  const after = sha256(readFileSync(configFile));
  if (kept.after !== after) replaceFile(recordFile, JSON.stringify({ ...kept, after }, null, 2));
}

/**
 * Puts the config back: the very bytes of before when nobody changed the file since, else exactly those keys that
 * still hold what this stack wrote.
 */
function restore() {
  if (!existsSync(recordFile)) return;
  const kept = JSON.parse(readFileSync(recordFile, "utf8"));
  const before = Buffer.from(kept.bytes, "base64");
  const { bytes, config } = existsSync(configFile) ? readConfig() : { bytes: undefined };
  if (bytes === undefined) {
    say(`${configFile} is gone: there is nothing to put back`);
  } else if (sha256(bytes) === kept.after || onlyOurKeysDiffer(config, kept, before)) {
    if (!bytes.equals(before)) replaceFile(configFile, before, kept.mode);
    say(`OpenClaw: ${configFile} is as it was before`);
  } else {
    const ours = kept.keys.filter(({ path, wrote }) => same(at(config, path), wrote));
    const changed = kept.keys.filter((key) => !ours.includes(key)).map(({ path }) => path.join("."));
    if (changed.length > 0) say(`OpenClaw: left as someone changed it since: ${changed.join(", ")}`);
    const patch = ours.reduce((all, { path, before: value }) => merged(all, nested(path, value)), {});
    if (ours.length > 0)
      applyPatch(
        patch,
        bytes,
        kept.keys.map(({ wrote }) => wrote).filter((value) => typeof value === "string"),
      );
  }
  for (const name of backups()) {
    if (
      !kept.backups.includes(name) &&
      sha256(readFileSync(join(dirname(configFile), name))) === sha256(before)
    )
      rmSync(join(dirname(configFile), name));
  }
  rmSync(recordFile);
}

/** After a cut between the patch and its note: the file differs from the old one in our keys and OpenClaw's stamp alone. */
function onlyOurKeysDiffer(config, kept, before) {
  if (kept.after !== undefined) return false;
  const ours = kept.keys.reduce(
    (all, { path, wrote }) => merged(all, nested(path, wrote)),
    JSON5.parse(before.toString("utf8")),
  );
  const withoutStamp = ({ meta: _stamp, ...rest }) => sorted(rest);
  return same(withoutStamp(config), withoutStamp(ours));
}

const sorted = (value) =>
  isPlainObject(value)
    ? Object.fromEntries(
        Object.keys(value)
          .sort()
          .map((key) => [key, sorted(value[key])]),
      )
    : value;

/** Files are written whole or not at all, so a full disk costs nothing but this step. */
const diskFull = ({ code }) =>
  new Refusal(
    "PI_NO_SPACE",
    `there is no room left beside ${configFile} (${code}); it is as it was`,
    `make room on the Pi, which tells what is full with: df -h ${dirname(configFile)}`,
  );

try {
  if (operation === "create") {
    await create();
  } else {
    restore();
    process.stdout.write("{}\n");
  }
} catch (thrown) {
  const error = ["ENOSPC", "EDQUOT"].includes(thrown.code) ? diskFull(thrown) : thrown;
  say(
    error instanceof Refusal
      ? error.message
      : `OPENCLAW_STEP_FAILED: ${error.message}\n  this is a mistake in openclaw-gateway: please report it`,
  );
  process.exitCode = 1;
}
