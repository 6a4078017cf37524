/**
 * A look at OpenClaw for look.sh, which changes nothing: one "name=value" a line. Run by OpenClaw's own Node.
 *
 * Arguments: PORT PACKAGE CONFIG.
 */
import { existsSync, readdirSync } from "node:fs";
import { homedir } from "node:os";

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

/** Other profiles' gateways of this user, as `NAME PORT`: those that a unit of OpenClaw's own starts. */
function otherGateways() {
  const home = process.env.OPENCLAW_HOME || homedir();
  return readdirSync(home).flatMap((name) => {
    const [, profile] = /^\.openclaw(?:-(.+))?$/.exec(name) ?? [];
    const file = join(home, name, "openclaw.json");
    const unit = `openclaw-gateway${profile ? `-${profile}` : ""}.service`;
    if (!name.startsWith(".openclaw") || file === configFile) return [];
    if (!existsSync(join(homedir(), ".config/systemd/user", unit))) return [];
    try {
      const { config } = readConfigFile(file, requireOpenClaw("json5"));
      return [`${profile ?? "default"} ${config.gateway?.port ?? 18789}`];
    } catch {
      return []; // not this stack's to judge
    }
  });
}

tell("openclaw_gateways", otherGateways().join(","));
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
