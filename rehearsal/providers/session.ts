import type { Client, ClientChannel } from "ssh2";

/** One command over an open connection. */
export interface Execution {
  readonly command: string;
  readonly stdin?: string | undefined;
  /** Sent one by one as `setenv`; a refusal is the error it is for the real provider. */
  readonly environment: Readonly<Record<string, string>>;
  /** Sent as well, but a refusal is only told to `warn`. */
  readonly optionalEnvironment: Readonly<Record<string, string>>;
  readonly warn: (message: string) => void;
  /** Every line of output as it comes, by its stream. */
  readonly line: (stream: "stdout" | "stderr", text: string) => void;
}

/**
 * Runs a command in a session of its own.
 *
 * @returns both streams, each without its last newline, as pulumi-command 1.2.1 trims them
 * @throws `Process exited with status N: running "COMMAND":` with all of the output, in the words of crypto/ssh
 */
export async function execute(
  client: Client,
  execution: Execution,
): Promise<{ stdout: string; stderr: string }> {
  const { command } = execution;
  const requested = { ...execution.environment, ...execution.optionalEnvironment };
  const refused = await refusedVariables(client, requested);
  for (const name of refused) {
    if (name in execution.environment) {
      execution.warn(setenvWords(name));
      throw new Error(`could not set environment variable ${JSON.stringify(name)}: ssh: setenv failed`);
    }
    execution.warn(setenvWords(name));
  }
  const accepted = Object.entries(requested).filter(([name]) => !refused.includes(name));
  const channel = await open(client, command, Object.fromEntries(accepted));
  const output = { stdout: "", stderr: "", both: "" };
  const collect = (stream: "stdout" | "stderr", source: NodeJS.ReadableStream) => {
    let rest = "";
    source.setEncoding("utf8").on("data", (text: string) => {
      output[stream] += text;
      output.both += text;
      const lines = (rest + text).split("\n");
      rest = lines.pop() as string;
      for (const line of lines) execution.line(stream, line);
    });
    source.on("end", () => rest && execution.line(stream, rest));
  };
  collect("stdout", channel);
  collect("stderr", channel.stderr);
  // Go's session closes stdin at once when there is none, so a command that reads sees its end.
  channel.end(execution.stdin ?? "");
  const failure = await ended(client, channel);
  if (failure) throw new Error(`${failure}: running ${JSON.stringify(command)}:\n${output.both}`);
  return { stdout: output.stdout.replace(/\n$/, ""), stderr: output.stderr.replace(/\n$/, "") };
}

const setenvWords = (name: string): string =>
  `Unable to set '${name}'. This only works if your SSH server is configured to accept these variables via AcceptEnv. ` +
  "Alternatively, if a Bash-like shell runs the command on the remote host, you could prefix the command itself " +
  "with the variables in the form 'VAR=value command'";

/**
 * The variables that the host would not take. ssh2's public interface sends `env` requests without asking for an
 * answer, so what came through is read back in a session that only prints the environment.
 */
async function refusedVariables(client: Client, wanted: Readonly<Record<string, string>>): Promise<string[]> {
  const names = Object.keys(wanted);
  if (names.length === 0) return [];
  const channel = await open(client, "env -0", wanted);
  let text = "";
  channel.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
  });
  channel.stderr.resume();
  channel.end();
  await ended(client, channel);
  const present = new Set(text.split("\0"));
  return names.filter((name) => !present.has(`${name}=${wanted[name]}`));
}

function open(
  client: Client,
  command: string,
  env: Readonly<Record<string, string>>,
): Promise<ClientChannel> {
  return new Promise((resolve, reject) => {
    client.exec(command, { env }, (error, channel) => {
      if (error) reject(new Error(`ssh: command ${command} failed`));
      else resolve(channel);
    });
  });
}

/** Waits for a command's end: nothing when it went well, else why it did not. */
function ended(client: Client, channel: ClientChannel): Promise<string | undefined> {
  return new Promise((resolve) => {
    let status: string | undefined = "wait: remote command exited without exit status or exit signal";
    channel.once("exit", (code: number | null, signal?: string) => {
      if (code === 0) status = undefined;
      else
        status =
          code === null ? `Process exited with signal ${signal}` : `Process exited with status ${code}`;
    });
    channel.once("close", () => resolve(status));
    client.once("close", () => resolve(status));
  });
}
