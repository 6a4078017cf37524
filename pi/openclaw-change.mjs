/**
 * How a change gets into openclaw.json: by OpenClaw's own command, which validates, backs up and reloads.
 * infra/pi-script.ts puts this in front of openclaw.mjs.
 */

/** Texts of a patch that may be secrets; OpenClaw's words could quote them. */
const textsIn = (value) =>
  isPlainObject(value) ? Object.values(value).flatMap(textsIn) : typeof value === "string" ? [value] : [];

async function applyPatch(openclaw, configFile, patch, expectedBytes, ready, more = []) {
  const text = JSON.stringify(patch);
  const secrets = [...textsIn(patch.gateway?.auth).filter((value) => value.length >= 16), ...more];
  const cleaned = (words) => secrets.reduce((rest, secret) => rest.replaceAll(secret, "[secret]"), words);
  const trial = openclaw.run(["config", "patch", "--stdin", "--dry-run"], text);
  if (!trial.ok)
    throw new Refusal(
      "OPENCLAW_CONFIG_REFUSED",
      `OpenClaw does not take the change: ${cleaned(trial.words)}`,
      "nothing was changed; check the config with: openclaw config validate",
    );
  await ready;
  if (!readFileSync(configFile).equals(expectedBytes))
    throw new Refusal(
      "OPENCLAW_CONFIG_BUSY",
      `${configFile} was changed by something else just now`,
      "nothing was changed; run npx pulumi up again",
    );
  const run = openclaw.run(["config", "patch", "--stdin"], text);
  if (!run.ok)
    throw new Refusal(
      "OPENCLAW_CONFIG_REFUSED",
      `OpenClaw did not write the change: ${cleaned(run.words)}`,
      "check the config with: openclaw config validate",
    );
}

const differing = (config, values) => values.filter(([path, value]) => !same(at(config, path), value));

/**
 * How much of a change goes into one patch. OpenClaw's command refuses to make a file shorter by more than half
 * (docs/gateway/configuration.md there), which taking all of a stack's keys out of a short config would.
 * @returns all of it where that is allowed, else a part; what belongs to the authentication stays together
 */
function portionOf(config, bytes, changes) {
  const sizeOf = (value) => JSON.stringify(value, null, 2).length;
  const shortest = Math.max(bytes.length, sizeOf(config)) * SHORTEST_PART;
  const fits = (part) => sizeOf(patched(config, patchTo(config, part))) > shortest;
  const isAuth = ([path]) => path[1] === "auth";
  const others = changes.filter((change) => !isAuth(change));
  const parts = [changes, changes.filter(isAuth), ...others.map((change) => [change])];
  return parts.find((part) => part.length > 0 && fits(part)) ?? changes;
}

/** More than half, since its command writes an empty line or a stamp in its own way. */
const SHORTEST_PART = 0.55;
const MOST_PATCHES = 20;

/**
 * Gives the config these values. With another mode of authentication OpenClaw's command drops the credentials of all
 * other modes (2026.9.6), so that a password which is to stay comes with a second patch.
 * @param record notes each state of the file before it is replaced; other `secrets` than of the authentication, where some are written
 * @param ready resolves when the file may change
 */
async function writeValues(openclaw, configFile, values, expectedBytes, record, ready) {
  let bytes = expectedBytes;
  for (let patches = 0; patches < MOST_PATCHES; patches++) {
    const config = JSON5.parse(bytes.toString("utf8"));
    const changes = differing(config, values);
    if (changes.length === 0) return;
    record.noteState(bytes);
    const patch = patchTo(config, portionOf(config, bytes, changes));
    await applyPatch(openclaw, configFile, patch, bytes, ready, record.secrets);
    const written = readFileSync(configFile);
    if (written.equals(bytes)) break;
    bytes = written;
  }
  throw new Error("OpenClaw's config does not keep what was written");
}

export { differing, writeValues };
