import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newKeyPair } from "../host/keys.ts";
import { type FakeHost, startFakeHost } from "./testing/fake-host.ts";
import { openTestStack, type TestStack } from "./testing/stack.ts";

let host: FakeHost;
/** Another machine, with another key. */
let stranger: FakeHost;
let test: TestStack;

beforeAll(async () => {
  host = await startFakeHost();
  stranger = await startFakeHost();
  test = await openTestStack("http://127.0.0.1:9/client/v4");
}, 600_000);

afterAll(async () => {
  await test?.close();
  await host?.close();
  await stranger?.close();
});

beforeEach(() => {
  host.runs.length = 0;
  host.acceptEnv.clear();
  host.reply = () => ({ stdout: "TOKEN-OF-GATEWAY\n" });
});

type Connection = command.types.input.remote.ConnectionArgs;

interface Step extends Omit<Partial<command.remote.CommandArgs>, "connection"> {
  readonly connection?: Partial<Connection>;
}

/** One command on the host, with what is to be different about it. */
function step({ connection, ...changes }: Step = {}, name = "step") {
  return new command.remote.Command(
    name,
    {
      connection: {
        host: "127.0.0.1",
        port: host.port,
        user: "pi",
        privateKey: host.privateKey,
        hostKey: host.hostKey,
        dialErrorLimit: 2,
        ...connection,
      },
      create: "install",
      delete: "uninstall",
      stdin: pulumi.secret("TOKEN-OF-TUNNEL"),
      addPreviousOutputInEnv: false,
      logging: "none",
      ...changes,
    },
    { additionalSecretOutputs: ["stdout"] },
  );
}

const up = (...changes: Step[]) => {
  test.use(async () => {
    changes.forEach((change, index) => {
      step(change, index === 0 ? "step" : `step-${index}`);
    });
  });
  // Else what comes to its turn after the first failure is not tried any more.
  return test.stack.up({ continueOnError: true });
};

/** What an up says that is expected to fail over more commands. */
const failureOf = (...changes: Step[]): Promise<string> =>
  up({}, ...changes).then(
    () => "it went well",
    (error: Error) => error.message,
  );

const commandsRun = () => host.runs.map((run) => run.command);

describe("a remote command on the real engine", { timeout: 120_000 }, () => {
  it("runs nothing in a preview", async () => {
    test.use(async () => void step());
    expect((await test.stack.preview()).changeSummary).toEqual({ create: 2 });
    expect(host.runs).toEqual([]);
  });

  it("gets its secret on stdin, and its output is trimmed and recorded encrypted", async () => {
    test.use(async () => ({ stdout: step().stdout }));
    const { outputs } = await test.stack.up();
    expect(host.runs).toEqual([{ command: "install", stdin: "TOKEN-OF-TUNNEL", env: {} }]);
    expect(outputs.stdout).toEqual({ value: "TOKEN-OF-GATEWAY", secret: true });
    const state = await test.stateOnDisk();
    for (const secret of ["TOKEN-OF-GATEWAY", "TOKEN-OF-TUNNEL", "PRIVATE KEY"]) {
      expect(state).not.toContain(secret);
    }
    expect(state).toContain("uninstall"); // the commands themselves are there to read
  });

  it("is left alone when nothing has changed, by a refresh too", async () => {
    expect((await up({})).summary.resourceChanges).toEqual({ same: 2 });
    expect((await test.stack.refresh()).summary.resourceChanges).toEqual({ same: 2 });
    expect(host.runs).toEqual([]);
  });

  it("runs `update`, or `create` where there is none, when an input changes", async () => {
    await up({ create: "install 2", update: "upgrade" });
    await up({ create: "install 3" });
    expect(commandsRun()).toEqual(["upgrade", "install 3"]);
  });

  it("is replaced when its triggers change: first the new, then the old", async () => {
    await up({ triggers: ["one"] });
    host.runs.length = 0;
    await up({ triggers: ["two"] });
    expect(commandsRun()).toEqual(["install", "uninstall"]);
    await up({});
  });

  it("hands the output of the run before on by setenv, unless the program says no", async () => {
    host.acceptEnv.add("PULUMI_COMMAND_STDOUT");
    await up({ update: "upgrade", addPreviousOutputInEnv: undefined });
    expect(host.runs.at(-1)?.env).toEqual({ PULUMI_COMMAND_STDOUT: "TOKEN-OF-GATEWAY" });
    await up({ update: "upgrade" });
    expect(host.runs.at(-1)?.env).toEqual({});
    await up({});
  });

  it("warns and goes on when the host does not take that", async () => {
    test.use(async () => void step({ addPreviousOutputInEnv: undefined, update: "upgrade" }));
    const { stdout } = await test.stack.up();
    expect(stdout).toContain("Unable to set 'PULUMI_COMMAND_STDOUT'");
    expect(commandsRun()).toEqual(["upgrade"]);
    await up({});
  });

  it("fails when the host does not take a variable the program itself sets", async () => {
    const failure = await failureOf({ create: "with environment", environment: { REFUSED: "value" } });
    expect(failure).toContain('could not set environment variable "REFUSED"');
    host.acceptEnv.add("TAKEN");
    await up({}, { create: "with environment", environment: { TAKEN: "value" } });
    expect(host.runs.at(-1)).toMatchObject({ command: "with environment", env: { TAKEN: "value" } });
    await up({});
  });

  it("fails with all that was printed, whatever `logging` says, and is not recorded", async () => {
    host.reply = () => ({ stdout: "half done\n", stderr: "no space\n", status: 3 });
    const failure = await failureOf({ create: "break" });
    expect(failure).toContain('Process exited with status 3: running "break":');
    expect(failure).toContain("half done");
    expect(failure).toContain("no space");
    expect(await test.stateOnDisk()).not.toContain("::step-1");
  });

  it("refuses a host with another key, after as many attempts as were asked for", async () => {
    const failure = await failureOf({ connection: { hostKey: stranger.hostKey } });
    expect(failure).toContain("after 2 failed attempts: ssh: handshake failed: ssh: host key mismatch");
    expect(host.runs).toEqual([]);
  });

  it("says in Go's words that a key is not accepted, or that nothing listens", async () => {
    const refused = await failureOf({ connection: { privateKey: stranger.privateKey } });
    expect(refused).toContain("after 2 failed attempts: ssh: handshake failed: ssh: unable to authenticate");
    const absent = await failureOf({ connection: { port: 9 } });
    expect(absent).toContain("after 2 failed attempts: dial tcp 127.0.0.1:9: connect: connection refused");
  });

  it("dials through a proxy, with both host keys checked, and says in Go's words what failed where", async () => {
    const proxy = {
      host: "127.0.0.1",
      port: stranger.port,
      user: "me",
      privateKey: stranger.privateKey,
      hostKey: stranger.hostKey,
      dialErrorLimit: 0,
    };
    await up({ connection: { proxy } });
    expect(stranger.ways).toContain(`127.0.0.1:${host.port}`);
    const failures = await failureOf(
      { connection: { proxy: { ...proxy, hostKey: host.hostKey } } },
      { connection: { proxy, hostKey: stranger.hostKey } },
      { connection: { proxy, hostKey: stranger.hostKey, dialErrorLimit: 0 } },
      { connection: { proxy, port: 9, dialErrorLimit: 0 } },
    );
    expect(failures).toContain(
      "proxy: after 0 failed attempts: ssh: handshake failed: ssh: host key mismatch",
    );
    expect(failures).toContain("proxy: after 2 failed attempts: ssh: handshake failed: EOF");
    expect(failures).toContain("proxy: after 0 failed attempts: ssh: rejected: connect failed (");
    stranger.allowForwarding = false;
    expect(await failureOf({ connection: { proxy, dialErrorLimit: 0 } })).toContain(
      "proxy: after 0 failed attempts: ssh: rejected: administratively prohibited (",
    );
    stranger.allowForwarding = true;
    await up({});
  });

  it("reads the key before it dials: a password that lacks, is wrong, or is for a key without one", async () => {
    const { private: locked } = newKeyPair("ed25519", "of the test");
    const failures = await failureOf(
      { connection: { privateKey: locked } },
      { connection: { privateKey: locked, privateKeyPassword: "sesame" } },
      { connection: { privateKeyPassword: "sesame" } },
    );
    for (const words of [
      "ssh: this private key is passphrase protected",
      "x509: decryption password incorrect",
      "ssh: key is not password protected",
    ])
      expect(failures).toContain(words);
  });

  it("is destroyed over the connection of the record, not the program's new one", async () => {
    test.use(async () => void step({ connection: { port: 9 } }));
    await test.stack.destroy();
    expect(host.runs).toEqual([{ command: "uninstall", stdin: "TOKEN-OF-TUNNEL", env: {} }]);
  });
});
