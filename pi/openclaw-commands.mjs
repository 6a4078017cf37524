/**
 * OpenClaw's own commands, as this user's gateway is reached by them. infra/pi-script.ts puts this in front of
 * openclaw.mjs.
 */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

/** The commands of one installation. */
class OpenClawCommands {
  #entry;
  #unit;
  #environment = { ...process.env, OPENCLAW_NO_AUTO_UPDATE: "1" };

  /**
   * @param entry what Node runs
   * @param unit `user NAME` or `system NAME` where a systemd unit runs the gateway, else empty
   */
  constructor(entry, unit) {
    this.#entry = entry;
    this.#unit = unit;
  }

  /**
   * Runs one; a command takes two to four seconds, on a Pi more.
   * @param environment what it finds otherwise than the gateway's own commands
   */
  run(args, input, { environment, timeoutMs = 120_000 } = {}) {
    const run = spawnSync(process.execPath, [this.#entry, ...args], {
      input,
      encoding: "utf8",
      timeout: timeoutMs,
      env: { ...this.#environment, ...environment },
    });
    return { ok: run.status === 0, words: `${run.stdout ?? ""}${run.stderr ?? ""}`.trim() };
  }

  /** How a person reads what the gateway says. */
  get logLine() {
    const [scope, name] = this.#unit.split(" ");
    if (!name) return "look at its log in the terminal that it runs in, or in /tmp/openclaw";
    return `look at its log: ${scope === "system" ? "sudo journalctl" : "journalctl --user"} -u ${name}`;
  }

  /** Starts the gateway anew: it takes down what it is doing first. @returns why it could not */
  restart() {
    const { ok, words } = this.run(["gateway", "restart", "--json"]);
    return ok ? undefined : words;
  }

  /**
   * Starts the gateway where systemd has given its unit up: after too many starts that failed, or one that left because
   * of its config (RestartPreventExitStatus=78). Nothing else would look at a config that was mended since.
   * @returns the command that a person needs, where it could not
   */
  startIfGivenUp() {
    const [scope, name] = this.#unit.split(" ");
    if (!name || spawnSync("systemctl", [`--${scope}`, "-q", "is-failed", name]).status !== 0)
      return undefined;
    const systemctl = scope === "system" ? ["sudo", "-n", "systemctl"] : ["systemctl", "--user"];
    const steps = ["reset-failed", "start"].map((verb) => [...systemctl, verb, name]);
    const done = steps.every(
      ([command, ...args]) => spawnSync(command, args, { timeout: 60_000 }).status === 0,
    );
    return done
      ? undefined
      : steps.map((words) => words.filter((word) => word !== "-n").join(" ")).join(" && ");
  }

  /**
   * What `openclaw security audit` calls critical in the config as it stands in the file. Its exit code is 0 with
   * critical findings too. It runs beside whatever else is being done.
   * @returns findings with `checkId` and `title`; nothing where the command does not answer
   */
  async criticalFindings() {
    try {
      const { stdout } = await promisify(execFile)(
        process.execPath,
        [this.#entry, "security", "audit", "--json"],
        { timeout: 120_000, env: this.#environment },
      );
      const { findings } = JSON.parse(stdout.slice(stdout.indexOf("{")));
      return findings.filter(({ severity }) => severity === "critical");
    } catch {
      return undefined;
    }
  }
}

export { OpenClawCommands };
