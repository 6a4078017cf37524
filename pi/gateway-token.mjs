/**
 * Gives OpenClaw another token of its own. Run on the Pi by OpenClaw's own Node, from standard input, behind the other
 * files of its name: OpenClaw's own CLI writes the config.
 *
 * Arguments: PORT PACKAGE ENTRY CONFIG UNIT, as openclaw-install.sh finds them; in the environment NEW_TOKEN and
 * OLD_TOKEN. No output holds either.
 */
const [port, packageFolder, entry, configFile, unit] = process.argv.slice(2);
const { NEW_TOKEN: newToken, OLD_TOKEN: oldToken } = process.env;
delete process.env.NEW_TOKEN; // nobody else's business
delete process.env.OLD_TOKEN;
const JSON5 = requireFrom(packageFolder)("json5");
const openclaw = new OpenClawCommands(entry, unit ?? "");
const say = (text) => process.stderr.write(`${text}\n`);

/** A change that OpenClaw takes up by itself is there in a few seconds. */
const HOT_SECONDS = 20;

const status = (token) => modelsStatus(port, { authorization: `Bearer ${token}` });
const changedOver = async () => (await status(newToken)) === 200 && (await status(oldToken)) === 401;

async function change() {
  const { bytes, config } = readConfigFile(configFile, JSON5);
  const now = at(config, TOKEN);
  if (now !== null && (typeof now !== "string" || now.includes("$")))
    throw new Refusal(
      "OPENCLAW_TOKEN_REFERENCE",
      `${TOKEN.join(".")} refers to a secret kept elsewhere`,
      "change it there, then let the stack read it: npx pulumi up --replace '**::STACK-openclaw'",
    );
  if (now !== newToken) {
    requireWritable(configFile);
    say(`OpenClaw: setting ${TOKEN.join(".")}`);
    await writeValues(openclaw, configFile, [[TOKEN, newToken]], bytes, { noteState() {} });
  }
  if (await waitUntil(changedOver, HOT_SECONDS)) return;
  say("OpenClaw: starting it anew, since it has not taken the token up by itself");
  const words = openclaw.restart();
  if (words !== undefined) say(`OpenClaw: openclaw gateway restart did not succeed: ${words}`);
  if (await waitUntil(changedOver)) return;
  throw new Refusal(
    "OPENCLAW_NOT_ANSWERING",
    `OpenClaw answers ${await status(newToken)} to its new token and ${await status(oldToken)} to its old one`,
    openclaw.logLine,
  );
}

try {
  await change();
  process.stdout.write(`${JSON.stringify({ refused: await status(oldToken) })}\n`);
} catch (error) {
  say(error instanceof Refusal ? error.message : `OPENCLAW_STEP_FAILED: ${error.message}`);
  process.exitCode = 1;
}
