/**
 * Secrets that openclaw.json names without holding them, read where OpenClaw itself reads them.
 * docs/gateway/secrets/secretref-contract.md there. infra/pi-script.ts puts this in front of openclaw.mjs.
 */
import { homedir } from "node:os";

/** `${NAME}` anywhere in a text; `$NAME` is a whole one. */
const NAMED = /\$\{([A-Z_][A-Z0-9_]*)\}/g;
const WHOLE = /^\$([A-Z_][A-Z0-9_]*)$/;

/** What a gateway's process was started with; nothing where it does not run. */
function environmentOfProcess(pid) {
  if (!pid) return {};
  try {
    const entries = readFileSync(`/proc/${pid}/environ`, "utf8").split("\0");
    return Object.fromEntries(
      entries
        .filter((entry) => entry.includes("="))
        .map((entry) => [entry.slice(0, entry.indexOf("=")), entry.slice(entry.indexOf("=") + 1)]),
    );
  } catch {
    return {};
  }
}

/** Names and values of a `.env` file, as far as they are one line each. */
function readDotEnv(file) {
  if (!existsSync(file)) return {};
  const lines = readFileSync(file, "utf8").matchAll(/^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=\s*(.*?)\s*$/gm);
  return Object.fromEntries(
    [...lines].map(([, name, value]) => [name, value.replace(/^(["'])(.*)\1$/, "$2")]),
  );
}

/** Where a gateway finds environment variables: its own, then its `.env`, then its config. */
const environmentOf = (pid, configFile, config) => ({
  ...at(config, ["env", "vars"]),
  ...readDotEnv(join(dirname(configFile), ".env")),
  ...environmentOfProcess(pid),
});

/**
 * The secret that a value of the config stands for.
 * @returns a text; nothing where there is no value
 * @throws Refusal where it cannot be read from here
 */
function secretOf(value, name, config, environment) {
  if (value === undefined || value === null || value === "") return undefined;
  const refuse = (why) =>
    new Refusal(
      "OPENCLAW_TOKEN_REFERENCE",
      `${name} refers to a secret kept elsewhere, and ${why}`,
      "see whether OpenClaw itself can read it: openclaw secrets audit; or put the secret itself there, or unset it: a new one is then made",
    );
  const variable = (id) => {
    if (!environment[id])
      throw refuse(`the variable ${id} is set neither for OpenClaw's process nor in its .env`);
    return environment[id];
  };
  if (typeof value === "string") {
    const whole = WHOLE.exec(value)?.[1];
    return whole ? variable(whole) : value.replace(NAMED, (_all, id) => variable(id));
  }
  if (value.source === "env") return variable(value.id);
  if (value.source === "file") return fromFile(value, config, refuse);
  throw refuse(`its source is "${value.source}", which only OpenClaw itself can ask`);
}

/** A provider's file: one value, or JSON in which the id is a pointer (RFC 6901). */
function fromFile({ provider, id }, config, refuse) {
  const { path, mode = "json" } = at(config, ["secrets", "providers", provider]) ?? {};
  if (typeof path !== "string") throw refuse(`secrets.providers.${provider} has no path`);
  let text;
  try {
    text = readFileSync(path.replace(/^~(?=\/)/, process.env.OPENCLAW_HOME ?? homedir()), "utf8");
  } catch (error) {
    throw refuse(`its file ${path} cannot be read (${error.code})`);
  }
  if (mode === "singleValue") return text.replace(/\r?\n$/, "");
  const steps = id
    .split("/")
    .slice(1)
    .map((step) => step.replaceAll("~1", "/").replaceAll("~0", "~"));
  let found;
  try {
    found = at(JSON.parse(text), steps);
  } catch {
    throw refuse(`its file ${path} is not JSON`);
  }
  if (typeof found !== "string") throw refuse(`its file ${path} has nothing at ${id}`);
  return found;
}

export { environmentOf, secretOf };
