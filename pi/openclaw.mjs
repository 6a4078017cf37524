/**
 * Enables what the gateway needs in openclaw.json, and puts it back. Run on the Pi by OpenClaw's own Node, from
 * standard input, behind the other files of its name: nothing is installed. OpenClaw's own CLI writes the config, since
 * it validates, backs up and reloads; this program decides which keys differ and keeps what they were before.
 *
 * Arguments: create|delete STACK PORT PACKAGE ENTRY CONFIG; in the environment WANTED, JSON (infra/openclaw-wanted.ts).
 * The answer on standard output holds the gateway's token, where there is one; standard error never does.
 */
import { spawnSync } from "node:child_process";

const [operation, stack, port, packageFolder, entry, configFile] = process.argv.slice(2);
const wanted = JSON.parse(process.env.WANTED ?? "{}");
delete process.env.WANTED; // nobody else's business
const requireOpenClaw = requireFrom(packageFolder);
const JSON5 = requireOpenClaw("json5");

const say = (text) => process.stderr.write(`${text}\n`);
const readConfig = () => readConfigFile(configFile, JSON5);

function openclaw(args, input) {
  const run = spawnSync(process.execPath, [entry, ...args], {
    input,
    encoding: "utf8",
    timeout: 120_000,
    env: { ...process.env, OPENCLAW_NO_AUTO_UPDATE: "1" },
  });
  return { ok: run.status === 0, words: `${run.stdout ?? ""}${run.stderr ?? ""}`.trim() };
}

/** Texts of a patch that may be secrets; OpenClaw's words could quote them. */
const textsIn = (value) =>
  isPlainObject(value) ? Object.values(value).flatMap(textsIn) : typeof value === "string" ? [value] : [];

function applyPatch(patch, expectedBytes) {
  const text = JSON.stringify(patch);
  const secrets = textsIn(patch.gateway?.auth).filter((value) => value.length >= 16);
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

/** What this stack wants, and what stood before in keys that it wrote and wants no more. */
function valuesFor(config, record) {
  const made = (path) => record.wrote(config, path);
  const values = wantedKeys(record.withoutOurs(config), wanted, made);
  const isWanted = (path) => values.some(([other]) => same(other, path));
  return [...values, ...valuesBefore(record.ours(config)).filter(([path]) => !isWanted(path))];
}

const differing = (config, values) => values.filter(([path, value]) => !same(at(config, path), value));

/**
 * Gives the config these values. With another mode of authentication OpenClaw's command drops the credentials of all
 * other modes (2026.9.6), so that a password which is to stay comes with a second patch.
 */
function write(values, expectedBytes, record) {
  let bytes = expectedBytes;
  for (let patches = 0; patches < 3; patches++) {
    const config = JSON5.parse(bytes.toString("utf8"));
    const changes = differing(config, values);
    if (changes.length === 0) return;
    record.noteState(bytes);
    applyPatch(patchTo(config, changes), bytes);
    bytes = readConfig().bytes;
  }
  throw new Error("OpenClaw's config does not keep what was written");
}

/** The headers by which a config lets the gateway in. */
function credentialsOf(config) {
  const { mode, token, trustedProxy } = at(config, ["gateway", "auth"]) ?? {};
  if (mode !== "trusted-proxy" || !trustedProxy) return { authorization: `Bearer ${token}` };
  const { userHeader, requiredHeaders = [], allowUsers = [] } = trustedProxy;
  return {
    ...Object.fromEntries(requiredHeaders.map((name) => [name, "openclaw-gateway"])),
    [userHeader]: allowUsers[0] ?? "service:openclaw-gateway",
  };
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
  checkTrustedProxies(config, wanted.access, say);
  const record = new ConfigRecord(configFile, stack);
  const recordBefore = structuredClone(record.kept);
  const values = valuesFor(config, record);
  const changes = differing(config, values);
  if (changes.length > 0) {
    requireWritable(configFile);
    record.begin(bytes, config, values);
    say(`OpenClaw: setting ${changes.map(([path]) => path.join(".")).join(", ")}`);
    write(values, bytes, record);
  }
  const result = withValues(config, values);
  const credentials = credentialsOf(result);
  const password = wanted.access ? at(result, PASSWORD) : undefined;
  const answers = async () =>
    (await modelsStatus(port, credentials)) === 200 &&
    (await modelsStatus(port, {})) === 401 &&
    // The password came last, and OpenClaw starts anew for it once more.
    (typeof password !== "string" || (await takesPassword(port, password))) &&
    (await openAddress(result, port, credentials)) === undefined;
  if (!(await waitUntil(answers, wanted.patienceSeconds))) {
    say(`OpenClaw's last answer to /v1/models was ${await modelsStatus(port, credentials)}`);
    const open = await openAddress(result, port, credentials);
    if (changes.length > 0) {
      replaceFile(configFile, bytes, statSync(configFile).mode & 0o777);
      record.forget(recordBefore);
      const before = credentialsOf(config);
      const back = async () =>
        recordBefore ? (await modelsStatus(port, before)) === 200 : await isReady(port);
      await waitUntil(back, wanted.patienceSeconds);
    }
    if (open)
      throw new Refusal(
        "OPENCLAW_PROXIES_OPEN",
        `OpenClaw takes anybody's word at ${open} for who asks${changes.length > 0 ? "; its config was put back" : ""}`,
        "let it listen on loopback alone: openclaw config set gateway.bind loopback",
      );
    throw new Refusal(
      "OPENCLAW_NOT_ANSWERING",
      `OpenClaw did not answer /v1/models with the new settings in time${changes.length > 0 ? "; its config was put back" : ""}`,
      "look at its log: journalctl --user -u openclaw-gateway",
    );
  }
  record.end(readFileSync(configFile));
  const { version } = requireOpenClaw("./package.json");
  const token = wanted.access ? undefined : at(result, TOKEN);
  process.stdout.write(`${JSON.stringify({ token, openclaw: version })}\n`);
}

/**
 * Puts the config back: the very bytes of before when nobody changed the file since, else exactly those keys that
 * still hold what this stack wrote.
 */
async function restore() {
  const record = new ConfigRecord(configFile, stack);
  if (!record.exists) return;
  const { kept } = record;
  const before = Buffer.from(kept.bytes, "base64");
  const { bytes, config } = existsSync(configFile) ? readConfig() : {};
  if (bytes === undefined) {
    say(`${configFile} is gone: there is nothing to put back`);
  } else if (record.isUntouched(bytes, config)) {
    if (!bytes.equals(before)) replaceFile(configFile, before, kept.mode);
    say(`OpenClaw: ${configFile} is as it was before`);
  } else {
    const ours = record.ours(config);
    const changed = kept.keys.filter((key) => !ours.includes(key)).map(({ path }) => path.join("."));
    if (changed.length > 0) say(`OpenClaw: left as someone changed it since: ${changed.join(", ")}`);
    write(valuesBefore(ours), bytes, record);
  }
  record.remove();
  if (bytes && at(config, MODE) === "trusted-proxy") await waitForRestart(credentialsOf(config));
}

/** Another mode of authentication makes OpenClaw start anew: whoever comes next finds it running as before. */
async function waitForRestart(credentialsBefore) {
  if ((await modelsStatus(port, credentialsBefore)) === "ECONNREFUSED") return; // it does not run
  const back = async () => (await modelsStatus(port, credentialsBefore)) !== 200 && (await isReady(port));
  if (!(await waitUntil(back)))
    say("OpenClaw has not started anew yet: journalctl --user -u openclaw-gateway");
}

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
    await restore();
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
