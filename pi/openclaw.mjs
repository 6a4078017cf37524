/**
 * Enables what the gateway needs in openclaw.json, and puts it back. Run on the Pi by OpenClaw's own Node, from
 * standard input, behind the other files of its name: nothing is installed. OpenClaw's own CLI writes the config, since
 * it validates, backs up and reloads; this program decides which keys differ and keeps what they were before.
 *
 * Arguments: create|delete STACK PORT PACKAGE ENTRY CONFIG UNIT PID, the last two as openclaw-install.sh finds them; in the environment WANTED, JSON (infra/openclaw-wanted.ts).
 * The answer on standard output holds the gateway's token, where there is one; standard error never does.
 */
const [operation, stack, port, packageFolder, entry, configFile, unit, pid] = process.argv.slice(2);
const wanted = JSON.parse(process.env.WANTED ?? "{}");
delete process.env.WANTED; // nobody else's business
const requireOpenClaw = requireFrom(packageFolder);
const JSON5 = requireOpenClaw("json5");

const openclaw = new OpenClawCommands(entry, unit ?? "");

const say = (text) => process.stderr.write(`${text}\n`);
const readConfig = () => readConfigFile(configFile, JSON5);

/** What this stack wants, and what stood before in keys that it wrote and wants no more. */
function valuesFor(config, record) {
  const made = (path) => record.wrote(config, path);
  const environment = environmentOf(pid, configFile, config);
  const { webAgent } = wanted;
  const workspace = webAgent && join(dirname(configFile), `workspace-${webAgent.id}`);
  const wants = { ...wanted, webAgent: webAgent && { ...webAgent, workspace } };
  const values = wantedKeys(record.withoutOurs(config), wants, made, environment);
  const stays = ({ path, byOpenClaw }) =>
    values.some(([other]) => same(other, path)) || (byOpenClaw && webAgent !== undefined);
  return [...values, ...valuesBefore(record.ours(config).filter((key) => !stays(key)))];
}

/** The token of a config, read where it is kept. */
function tokenOf(config) {
  const environment = environmentOf(pid, configFile, config);
  return (
    secretOf(at(config, TOKEN), TOKEN.join("."), config, environment) ?? environment.OPENCLAW_GATEWAY_TOKEN
  );
}

/** The headers by which a config lets the gateway in. @throws Refusal where its token cannot be read */
function credentialsOf(config) {
  const { mode, trustedProxy } = at(config, ["gateway", "auth"]) ?? {};
  if (mode !== "trusted-proxy" || !trustedProxy) return { authorization: `Bearer ${tokenOf(config)}` };
  const { userHeader, requiredHeaders = [], allowUsers = [] } = trustedProxy;
  return {
    ...Object.fromEntries(requiredHeaders.map((name) => [name, "openclaw-gateway"])),
    [userHeader]: allowUsers[0] ?? "service:openclaw-gateway",
  };
}

const attempted = (read) => {
  let value;
  refusalOf(() => {
    value = read();
  });
  return value;
};

/** What refuses to be done, where it does. */
function refusalOf(act) {
  try {
    act();
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

/** With this switch OpenClaw takes no change up by itself. docs/gateway/configuration/hot-reload.md there. */
const waitsForRestart = (config) => at(config, ["gateway", "reload", "mode"]) === "off";

function restartIfItWaits(config) {
  if (!pid || !waitsForRestart(config)) return;
  say("OpenClaw: starting it anew, since its gateway.reload.mode is off");
  const words = openclaw.restart();
  if (words !== undefined) say(`OpenClaw: openclaw gateway restart did not succeed: ${words}`);
}

function requirePort(config) {
  const configuredPort = at(config, ["gateway", "port"]) ?? 18789;
  if (String(configuredPort) === port) return;
  throw new Refusal(
    "OPENCLAW_PORT",
    `OpenClaw listens on port ${configuredPort}, and the stack says ${port}`,
    `npx pulumi config set --path openclaw-gateway:pi.openclawPort ${configuredPort}`,
  );
}

/**
 * Takes agents away that this stack has made and wants no more, with what they have kept: OpenClaw's command puts that
 * into the trash. @returns whether there were any
 */
function deleteAgents(config, record) {
  const ids = record.ownAgents(config).filter((id) => id !== wanted.webAgent?.id);
  for (const id of ids) {
    say(`OpenClaw: deleting its agent ${id}`);
    record.noteState(readFileSync(configFile));
    const { ok, words } = openclaw.run(["agents", "delete", id, "--force", "--json"]);
    if (!ok)
      throw new Refusal(
        "OPENCLAW_CONFIG_REFUSED",
        `OpenClaw does not delete its agent "${id}": ${words}`,
        `on the Pi: openclaw agents delete ${id}`,
      );
  }
  return ids.length > 0;
}

async function create() {
  let { bytes, config } = readConfig();
  requirePort(config);
  checkTrustedProxies(config, wanted.access, say);
  const record = new ConfigRecord(configFile, stack);
  if (deleteAgents(config, record)) ({ bytes, config } = readConfig());
  const recordBefore = structuredClone(record.kept);
  const values = valuesFor(config, record);
  const changes = differing(config, values);
  const result = withValues(config, values);
  const credentials = credentialsOf(result);
  const putBack = async () => {
    if (changes.length === 0) return;
    if (readFileSync(configFile).equals(bytes)) return record.forget(recordBefore);
    replaceFile(configFile, bytes, statSync(configFile).mode & 0o777);
    record.forget(recordBefore);
    restartIfItWaits(config);
    const old = attempted(() => credentialsOf(config));
    const answers = async () =>
      recordBefore && old ? (await modelsStatus(port, old)) === 200 : await isReady(port);
    let start;
    const back = async () => {
      start = openclaw.startIfGivenUp();
      return start !== undefined || (await answers());
    };
    await waitUntil(back, wanted.patienceSeconds);
    if (start) say(`OpenClaw: it does not run, and could not be started from here; on the Pi: ${start}`);
  };
  let before;
  let after;
  if (changes.length > 0) {
    requireWritable(configFile);
    before = openclaw.criticalFindings();
    record.begin(bytes, config, values);
    if (!isPlainJson(bytes))
      say(
        `OpenClaw: ${configFile} has comments, or JSON5's ways of writing, which OpenClaw's command takes out; the file as it was is kept in ${record.file}, and comes back in the end`,
      );
    say(`OpenClaw: setting ${changes.map(([path]) => path.join(".")).join(", ")}`);
    try {
      await writeValues(openclaw, configFile, values, bytes, record, before);
    } catch (error) {
      // One patch may be in already. Nobody else's change is: that is looked for before each.
      if (error.code === "OPENCLAW_CONFIG_REFUSED") await putBack();
      // Somebody else's is, before the first patch was written: none of ours is in the file then.
      else if (differing(readConfig().config, values).length >= changes.length) record.forget(recordBefore);
      throw error;
    }
    after = openclaw.criticalFindings();
    restartIfItWaits(result);
  }
  const expected = { credentials, password: passwordFor(result), agent: wanted.webAgent?.id };
  if (!(await waitUntil(() => answersAs(port, expected), wanted.patienceSeconds))) {
    say(`OpenClaw's last answer to /v1/models was ${await modelsStatus(port, credentials)}`);
    await putBack();
    throw new Refusal(
      "OPENCLAW_NOT_ANSWERING",
      `OpenClaw did not answer /v1/models with the new settings in time${changes.length > 0 ? "; its config was put back" : ""}`,
      openclaw.logLine,
    );
  }
  const open = await openAddress(result, port, credentials);
  if (open) {
    await putBack();
    throw openRefusal(open, port, changes.length > 0);
  }
  const critical = newFindings(await before, await after, wanted.access?.expectedFindings ?? []);
  if (critical.length > 0) {
    await putBack();
    throw criticalChange(critical);
  }
  record.end(readFileSync(configFile), result);
  const { version } = requireOpenClaw("./package.json");
  const token = wanted.access ? undefined : tokenOf(result);
  const found = { node: process.versions.node, entry, config: configFile, unit };
  process.stdout.write(`${JSON.stringify({ token, openclaw: version, found })}\n`);
}

/** The password by which OpenClaw's own commands get in, where there is one that can be tried. */
const passwordFor = (config) =>
  wanted.access &&
  attempted(() =>
    secretOf(at(config, PASSWORD), PASSWORD.join("."), config, environmentOf(pid, configFile, config)),
  );

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
    const why = refusalOf(() => deleteAgents(config, record));
    if (why) say(`${why.message}\n  its config goes back all the same`);
    if (!bytes.equals(before)) replaceFile(configFile, before, kept.mode);
    say(`OpenClaw: ${configFile} is as it was before`);
  } else {
    const ours = record.ours(config);
    const isChanged = (key) => !ours.includes(key) && !same(at(config, key.path), key.before);
    const changed = kept.keys.filter(isChanged).map(({ path }) => path.join("."));
    if (changed.length > 0) say(`OpenClaw: left as someone changed it since: ${changed.join(", ")}`);
    const now = deleteAgents(config, record) ? readConfig().bytes : bytes;
    await writeValues(openclaw, configFile, valuesBefore(ours), now, record);
  }
  record.remove();
  if (bytes === undefined) return;
  if (waitsForRestart(config)) restartIfItWaits(config);
  else if (at(config, MODE) === "trusted-proxy") await waitForRestart(credentialsOf(config));
}

/** Another mode of authentication makes OpenClaw start anew: whoever comes next finds it running as before. */
async function waitForRestart(credentialsBefore) {
  if ((await modelsStatus(port, credentialsBefore)) === "ECONNREFUSED") return; // it does not run
  const back = async () => (await modelsStatus(port, credentialsBefore)) !== 200 && (await isReady(port));
  if (!(await waitUntil(back))) say(`OpenClaw has not started anew yet: ${openclaw.logLine}`);
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
