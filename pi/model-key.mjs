/**
 * Gives OpenClaw another key for a model provider, and sees a model of that provider answer with it; else the old one is
 * put back. Run on the Pi by OpenClaw's own Node, from standard input, behind the other files of its name: OpenClaw's own
 * CLI writes the config.
 *
 * Arguments: list|replace PORT PACKAGE ENTRY CONFIG UNIT PID PROVIDER, those in the middle as openclaw-install.sh
 * finds them; on file descriptor 3 the new key. No output holds a key.
 */
const [order, port, packageFolder, entry, configFile, unit, pid, wanted] = process.argv.slice(2);
const JSON5 = requireFrom(packageFolder)("json5");
const openclaw = new OpenClawCommands(entry, unit ?? "");
// Where nobody listens any more, what was begun is brought to its end all the same.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});
const say = (text) => process.stderr.write(`${text}\n`);
const readConfig = () => readConfigFile(configFile, JSON5);
const change = new BegunChange(configFile);

/** A change that OpenClaw takes up by itself is there in a few seconds. */
const HOT_SECONDS = 20;
const copyOfApplied = `${configFile}.last-good`;

/** What OpenClaw itself says of its credentials. */
function authStatus(config) {
  const environment = environmentOf(pid, configFile, config);
  const { ok, words } = openclaw.run(["models", "status", "--json"], undefined, { environment });
  return ok ? JSON.parse(words.slice(words.indexOf("{"), words.lastIndexOf("}") + 1)).auth : undefined;
}

/** Of each provider: the profiles that OpenClaw's auth store has for it, and the variable that it finds. */
function credentialSources(config) {
  const sourceOf = ({ provider, profiles, env }) => [
    provider,
    {
      profiles: (profiles?.labels ?? []).map((label) => label.split("=")[0]),
      variable: /[A-Z][A-Z0-9_]*$/.exec(env?.source ?? "")?.[0],
    },
  ];
  return new Map((authStatus(config)?.providers ?? []).map(sourceOf));
}

/** Which providers there are, and where their keys are; no key. */
function list() {
  const { config } = readConfig();
  const sources = credentialSources(config);
  const ids = [...new Set([...providersOf(config), ...sources.keys()])];
  const providers = ids.map((id) => {
    const { key, words = "in openclaw.json" } = placeOfKey(config, id, sources.get(id));
    return { id, kept: words, here: key !== undefined };
  });
  return { providers };
}

/** The key that openclaw.json holds. @throws Refusal where it holds none */
function keyIn(config, provider) {
  const { key, words, mend } = placeOfKey(config, provider, credentialSources(config).get(provider));
  if (key !== undefined) return key;
  throw new Refusal("MODEL_KEY_ELSEWHERE", `the key of ${provider} is ${words}, and is left as it is`, mend);
}

/** By which a program on this machine gets in: past any proxy, which would have to name a person. */
function headersFor(config) {
  const environment = environmentOf(pid, configFile, config);
  const [path, variable] =
    modeOf(at(config, ["gateway", "auth"]) ?? {}) === "token"
      ? [TOKEN, "OPENCLAW_GATEWAY_TOKEN"]
      : [PASSWORD, "OPENCLAW_GATEWAY_PASSWORD"];
  const secret = secretOf(at(config, path), path.join("."), config, environment) ?? environment[variable];
  return secret === undefined ? {} : { authorization: `Bearer ${secret}` };
}

/** A model to prove a key with, and how the gateway is asked for it. @throws Refusal where a proof is not to be had */
async function proofIn(config, provider) {
  const model = modelOf(config, provider);
  if (model === undefined)
    throw new Refusal(
      "MODEL_KEY_NO_MODEL",
      `openclaw.json names no model of ${provider}, so that nothing would show whether a key works`,
      `name one on the Pi: openclaw models set ${provider}/MODEL`,
    );
  const headers = headersFor(config);
  let status;
  const isIn = async () => {
    status = await statusOf(port, "/v1/models", headers);
    return status === 200 || status === 401;
  };
  await waitUntil(isIn, HOT_SECONDS);
  if (status === 200) return { model, headers };
  throw new Refusal(
    "OPENCLAW_NOT_ANSWERING",
    `OpenClaw answers ${status} to /v1/models, so that nothing would show whether a key works; nothing was changed`,
    openclaw.logLine,
  );
}

/**
 * A chat through the gateway. After a key that a provider has refused, also the one before, the gateway leaves the
 * provider alone for up to five minutes, ten where it was about money (docs/concepts/model-failover.md there): that time
 * is waited for.
 * @returns nothing where the model has answered, else what came instead
 */
async function chatThroughGateway(config, provider, { model, headers }, key) {
  const problem = await chatProblem(port, headers, model, key);
  if (problem === undefined || /^40[13]:/.test(problem)) return problem;
  const resting = authStatus(config)?.unusableProfiles?.find(
    ({ profileId }) => profileId === `inline-api-key:${provider}`,
  );
  if (!resting) return problem;
  const seconds = Math.ceil(Math.max(0, resting.remainingMs) / 1000) + 1;
  say(
    `OpenClaw: waiting ${seconds} s, since it leaves ${provider} alone for so long after a key that was refused`,
  );
  await delay(seconds * 1000);
  return chatProblem(port, headers, model, key);
}

/** Waits until the gateway has taken up the config as it stands in the file: then it keeps a copy of it. */
async function awaitApplied(config) {
  const isApplied = async () =>
    existsSync(copyOfApplied) &&
    readFileSync(copyOfApplied).equals(readFileSync(configFile)) &&
    (await isReady(port));
  const isOff = at(config, ["gateway", "reload", "mode"]) === "off";
  if (!isOff && (await waitUntil(isApplied, HOT_SECONDS))) return;
  say(
    `OpenClaw: starting it anew, since it ${isOff ? "takes no change up by itself" : "has not taken this one up"}`,
  );
  const words = openclaw.restart();
  if (words !== undefined) say(`OpenClaw: openclaw gateway restart did not succeed: ${words}`);
  await waitUntil(() => isReady(port));
}

const write = (values, bytes, secrets) =>
  writeValues(openclaw, configFile, values, bytes, { noteState() {}, secrets });

/** Everything as it was before the change. */
async function putBack() {
  const { bytes, config } = readConfig();
  say("OpenClaw: putting the old key back");
  if (change.isAlone(config)) replaceFile(configFile, change.bytes, change.kept.mode);
  else await write(change.valuesBefore, bytes, [change.keyBefore]);
  await awaitApplied(config);
  change.end();
}

/** Sees a model answer with what openclaw.json holds by now, and then lets nothing of the old key stay. */
async function conclude() {
  const { provider } = change.kept;
  const { config } = readConfig();
  const next = at(config, keyPath(provider));
  await awaitApplied(config);
  const proof = await proofIn(config, provider).catch((error) => error);
  const problem =
    proof instanceof Error ? proof.message : await chatThroughGateway(config, provider, proof, next);
  if (problem !== undefined) {
    await putBack();
    throw new Refusal(
      "ROTATION_PUT_BACK",
      `with the new key of ${provider}, OpenClaw's gateway gave ${problem}; the old key is in openclaw.json again`,
      openclaw.logLine,
    );
  }
  const old = change.keyBefore;
  const copies = cleanCopies(configFile, provider, old, next);
  cleanRecords(configFile, change, next, copies);
  change.end();
  return { provider, model: proof.model, left: holdersOf(dirname(configFile), old) };
}

/** Brings a run to its end that was cut. */
async function goOn() {
  if (!change.kept) return {};
  const { provider } = change.kept;
  if (at(readConfig().config, keyPath(provider)) !== change.keyBefore) return conclude();
  change.end();
  return {};
}

async function replace(provider, next) {
  let cut;
  try {
    cut = await goOn();
  } catch (error) {
    if (error.code !== "ROTATION_PUT_BACK") throw error;
    say(error.message);
  }
  const { bytes, config } = readConfig();
  if (cut?.provider === provider && at(config, keyPath(provider)) === next) return cut;
  const old = keyIn(config, provider);
  requireWritable(configFile);
  const proof = await proofIn(config, provider);
  const { model } = proof;
  say(`OpenClaw: asking ${model} with the new key, aside`);
  const trial = tryAside(openclaw, config, provider, model, next);
  if (trial.refused)
    throw new Refusal(
      "MODEL_KEY_REFUSED",
      `${model} was asked with the new key and did not answer: ${trial.words}`,
      "nothing was changed; look at the key in the provider's console, then run the same again",
    );
  if (old !== next) {
    if (!isPlainJson(bytes)) say(`OpenClaw: its command takes comments out of ${configFile}`);
    change.begin(bytes, config, provider);
    const values = exchange(config, provider, old, next);
    say(`OpenClaw: setting ${values.map(([path]) => path.join(".")).join(", ")}`);
    try {
      await write(values, bytes, [old, next]);
    } catch (error) {
      await putBack();
      throw error;
    }
    return conclude();
  }
  const problem = await chatThroughGateway(config, provider, proof, next);
  if (problem === undefined) return { provider, model, left: [] };
  throw new Refusal(
    "MODEL_KEY_REFUSED",
    `openclaw.json has this key of ${provider} already, and OpenClaw's gateway gave ${problem}`,
    openclaw.logLine,
  );
}

const orders = { list, replace: () => replace(wanted, readFileSync(3, "utf8").trim()) };

try {
  process.stdout.write(`${JSON.stringify(await orders[order]())}\n`);
} catch (error) {
  say(
    error instanceof Refusal
      ? error.message
      : `OPENCLAW_STEP_FAILED: ${error.message}\n  this is a mistake in openclaw-gateway: please report it`,
  );
  process.exitCode = 1;
}
