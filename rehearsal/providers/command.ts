import { randomBytes } from "node:crypto";
import { compare } from "./diff.ts";
import { runAsPlugin } from "./plugin.ts";
import { type Log, type Properties, type Provider, type ResourceKind, unknown } from "./protocol.ts";
import { execute } from "./session.ts";
import { type Connection, dial } from "./ssh.ts";

/** Inputs of command.remote.Command 1.2.1, and its recorded outputs. */
interface CommandState {
  readonly connection: Connection;
  readonly create?: string;
  readonly update?: string;
  readonly delete?: string;
  readonly stdin?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly logging?: "stdout" | "stderr" | "stdoutAndStderr" | "none";
  readonly addPreviousOutputInEnv?: boolean;
  readonly stdout?: string;
  readonly stderr?: string;
}

/**
 * command.remote.Command over real SSH, as pulumi-command 1.2.1 does it: an update runs `update`, or `create` when
 * there is none; `delete` runs with the connection and stdin of the record; a preview runs nothing; a failed create
 * leaves no record; new triggers replace.
 */
function remoteCommand(log: () => Log): ResourceKind {
  const run = async (urn: string, command: string, state: CommandState): Promise<Properties> => {
    const logged: Promise<void>[] = [];
    const tell = (level: "info" | "warning", message: string) => logged.push(log()(level, message, urn));
    const client = await dial(state.connection, (message) => tell("info", message));
    const { logging = "stdoutAndStderr" } = state;
    try {
      return await execute(client, {
        command,
        stdin: state.stdin,
        environment: state.environment ?? {},
        optionalEnvironment: state.addPreviousOutputInEnv === false ? {} : previousOutput(state),
        warn: (message) => tell("warning", message),
        line: (stream, text) => {
          if (logging === "stdoutAndStderr" || logging === stream) tell("info", text);
        },
      });
    } finally {
      client.end();
      await Promise.allSettled(logged);
    }
  };
  return {
    async check(inputs) {
      if (inputs.connection === undefined) {
        return [{ property: "connection", reason: "Missing required property 'connection'" }];
      }
      return [];
    },
    diff: (state, oldInputs, inputs) => compare(state, oldInputs, inputs, new Set(["triggers"])),
    async create({ name, urn, inputs, preview }) {
      const id = `${name}${randomBytes(4).toString("hex")}`;
      if (preview) return { id, state: { ...inputs, stdout: unknown, stderr: unknown } };
      const state = inputs as unknown as CommandState;
      const output =
        state.create === undefined ? { stdout: "", stderr: "" } : await run(urn, state.create, state);
      return { id, state: { ...inputs, ...output } };
    },
    async update({ urn, state: old, inputs, preview }) {
      if (preview) return { ...inputs, stdout: unknown, stderr: unknown };
      const before = { stdout: old.stdout, stderr: old.stderr };
      const state = { ...inputs, ...before } as unknown as CommandState;
      const command = state.update ?? state.create;
      const output = command === undefined ? before : await run(urn, command, state);
      return { ...inputs, ...output };
    },
    // The real one reads nothing back: a refresh never sees what became of the host.
    async read(_id, state, inputs) {
      return { state, inputs };
    },
    async delete({ urn, state: recorded }) {
      const state = recorded as unknown as CommandState;
      if (state.delete !== undefined) await run(urn, state.delete, state);
    },
  };
}

/** What the run before this one printed, under the names the real provider gives it. */
function previousOutput({ stdout, stderr }: CommandState): Record<string, string> {
  return {
    ...(stdout ? { PULUMI_COMMAND_STDOUT: stdout } : {}),
    ...(stderr ? { PULUMI_COMMAND_STDERR: stderr } : {}),
  };
}

let engine: Log = async () => {};
const provider: Provider = {
  version: "1.2.1",
  configure() {},
  resources: { "command:remote:Command": remoteCommand(() => engine) },
  functions: {},
};

if (import.meta.main) {
  await runAsPlugin(provider, (log) => {
    engine = log;
  });
}
