/**
 * OpenClaw's config file, as the programs of this folder meet it. infra/pi-script.ts puts this in front of them, since
 * nothing is installed on the Pi.
 */
import { accessSync, constants, lstatSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A refusal in words: what is wrong, and what to do. */
class Refusal extends Error {
  constructor(code, what, mend) {
    super(`${code}: ${what}\n  ${mend}`);
    Object.assign(this, { code, what, mend });
  }
}

const isPlainObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/** What a module of the installed OpenClaw sees. */
const requireFrom = (packageFolder) => createRequire(join(packageFolder, "package.json"));

/**
 * Reads the config.
 *
 * @returns its bytes, and what they say
 * @throws Refusal when it is missing, not this user's, no plain file, or no JSON5
 */
function readConfigFile(configFile, JSON5) {
  const user = process.env.USER || process.env.LOGNAME || `user ${process.getuid()}`;
  let bytes;
  try {
    // OpenClaw itself takes no link (docs/gateway/configuration.md), and replacing one would cut it.
    if (lstatSync(configFile).isSymbolicLink())
      throw new Refusal(
        "OPENCLAW_CONFIG_LINK",
        `${configFile} is a symbolic link, which OpenClaw's own commands do not write through`,
        `put the file itself there: cp --remove-destination "$(readlink -f ${configFile})" ${configFile}`,
      );
    bytes = readFileSync(configFile);
  } catch (error) {
    if (error instanceof Refusal) throw error;
    if (error.code === "ENOENT")
      throw new Refusal(
        "OPENCLAW_CONFIG_MISSING",
        `there is no ${configFile}`,
        `set OpenClaw up first, as ${user} on the Pi: openclaw onboard`,
      );
    throw new Refusal(
      "OPENCLAW_CONFIG_UNREADABLE",
      `${user} may not read ${configFile} (${error.code})`,
      `make it this user's, on the Pi: sudo chown -R ${user}: ${dirname(configFile)} && chmod 700 ${dirname(configFile)} && chmod 600 ${configFile}`,
    );
  }
  try {
    const config = JSON5.parse(bytes.toString("utf8"));
    if (!isPlainObject(config)) throw new SyntaxError("it holds no object");
    return { bytes, config };
  } catch (error) {
    const line = error.lineNumber === undefined ? "" : ` in line ${error.lineNumber}`;
    throw new Refusal(
      "OPENCLAW_CONFIG_INVALID",
      `${configFile} is not valid JSON5${line}: ${error.message.replace(/^JSON5: /, "")}`,
      "nothing was changed; mend it on the Pi, and check with: openclaw config validate",
    );
  }
}

/** @throws Refusal when the file may not be changed: somebody else's, or kept by a deployment system */
function requireWritable(configFile) {
  // docs/cli/config.md, "Externally managed config": the switches are the host's, and only "1" counts.
  const lock = ["OPENCLAW_CONFIG_READONLY", "OPENCLAW_NIX_MODE"].find((name) => process.env[name] === "1");
  if (lock)
    throw new Refusal(
      "OPENCLAW_CONFIG_READONLY",
      `OpenClaw's config is managed by something else (${lock}=1 in OpenClaw's environment), so it takes no change`,
      `let that system write what the gateway needs (gateway.http.endpoints.chatCompletions.enabled, gateway.trustedProxies, gateway.controlUi.allowedOrigins), or take ${lock} away: systemctl --user edit openclaw-gateway`,
    );
  try {
    accessSync(configFile, constants.W_OK);
    accessSync(dirname(configFile), constants.W_OK);
  } catch (error) {
    const user = process.env.USER || process.env.LOGNAME;
    throw new Refusal(
      "OPENCLAW_CONFIG_UNWRITABLE",
      `${user} may not change ${configFile} (${error.code})`,
      error.code === "EROFS"
        ? "its file system is mounted read-only, as a failing SD card ends up: look at it with sudo dmesg | tail, restart the Pi, and think of a new card"
        : `make it this user's, on the Pi: sudo chown -R ${user}: ${dirname(configFile)}`,
    );
  }
}

export { isPlainObject, Refusal, readConfigFile, requireFrom, requireWritable };
