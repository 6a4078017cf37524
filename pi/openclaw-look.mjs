/**
 * A look at OpenClaw for look.sh, which changes nothing: one "name=value" a line. Run by OpenClaw's own Node.
 *
 * Arguments: PORT PACKAGE CONFIG.
 */
const [port, packageFolder, configFile] = process.argv.slice(2);
const requireOpenClaw = requireFrom(packageFolder);
const tell = (name, value) => process.stdout.write(`${name}=${value}\n`);

/** What `/readyz` says: yes, a status, why there was no answer, or "other" when the answer is not OpenClaw's. */
async function readiness() {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/readyz`, { signal: AbortSignal.timeout(10_000) });
    const answer = await response.json().catch(() => undefined);
    if (typeof answer?.ready !== "boolean") return "other";
    return response.status === 200 ? "yes" : String(response.status);
  } catch (error) {
    return error.cause?.code ?? error.name;
  }
}

tell("openclaw_version", requireOpenClaw("./package.json").version);
try {
  const { config } = readConfigFile(configFile, requireOpenClaw("json5"));
  tell("openclaw_config", configFile);
  tell("openclaw_configured_port", config.gateway?.port ?? 18789);
  requireWritable(configFile);
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  const { code, what, mend } = error;
  tell("openclaw_config_refusal", JSON.stringify({ code, what, mend }));
}
tell("openclaw_ready", await readiness());
