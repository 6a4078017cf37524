import { type ChildProcess, execFile } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { Result } from "./operation.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

const names = ["ada", "bob", "cleo", "dan"];

/** `up --all` of several stacks side by side that does not come to its end. */
describe("an up of all that was interrupted", { timeout: 180_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;
  beforeAll(async () => {
    cloudflare = await startTestCloudflare(154);
    home = await openTestHousehold(cloudflare);
    for (const name of names) await home.add(name);
  }, 120_000);
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });

  const up = ["up", "--all", "--yes", "--json", "--parallel", "2"];
  const results = (stdout: string): Result[] => JSON.parse(stdout).results;
  const statuses = (stdout: string) => results(stdout).map(({ stack, status }) => `${stack} ${status}`);

  /** Does what a failure says. */
  async function mend(stack: string, failure: string) {
    const [line] = /printf .*curl .*'/.exec(failure) ?? [];
    if (line) {
      const env = { ...process.env, CLOUDFLARE_API_TOKEN: cloudflare.local.apiToken };
      await promisify(execFile)("sh", ["-c", line], { env });
      return;
    }
    expect(failure).toContain("pulumi cancel");
    await home.desk.pulumi(["cancel", "--yes", "--stack", stack], { PULUMI_CONFIG_PASSPHRASE: "test" });
  }

  /** Begins an up, and gives its process once Cloudflare was asked to create something; the answer waits. */
  async function begun(path: RegExp, said = /(?!)/) {
    const held = cloudflare.local.faults.hold("POST", path);
    let cli: ChildProcess | undefined;
    const heard = Promise.withResolvers<void>();
    let stderr = "";
    const ended = home.family(up, {
      onStderr: (piece, child) => {
        cli = child;
        stderr += piece;
        if (said.test(stderr)) heard.resolve();
      },
    });
    await held.arrived;
    if (!cli) throw new Error("nothing was said before anything was created");
    return { cli, held, heard: heard.promise, ended };
  }

  test("by Ctrl-C says where each stands", async () => {
    const { cli, held, heard, ended } = await begun(
      /\/access\/apps$/,
      /ada: stopping[\s\S]*bob: stopping|bob: stopping[\s\S]*ada: stopping/,
    );
    cli.kill("SIGINT");
    await heard;
    held.release();
    const { code, stdout } = await ended;
    expect(code).toBe(130);
    expect(statuses(stdout).slice(2)).toEqual(["cleo not started", "dan not started"]);
    expect(statuses(stdout)).toContainEqual(expect.stringMatching(/^(ada|bob) interrupted$/));
  });

  test("goes on with the next, and then finds nothing to do", async () => {
    const { code, stdout, stderr } = await home.family(up);
    expect(code, stderr).toBe(0);
    expect(statuses(stdout)).toEqual(names.map((name) => `${name} ok`));
    const again = await home.family(up);
    expect(results(again.stdout).map(({ changes }) => Object.keys(changes))).toEqual(
      names.map(() => ["same"]),
    );
  });

  test("by kill -9 names the line that lets the next go on, and loses nothing", async () => {
    for (const name of names) await home.change(name, { workerName: `another-${name}` });
    const { cli, held, ended } = await begun(/./);
    cli.kill("SIGKILL");
    held.release();
    await ended;
    // A stack that was being changed is locked; one whose create was cut has a Worker that its state does not know.
    for (let round = 0; round < 2; round++) {
      const next = await home.family([...up, "--continue-on-error"]);
      for (const { stack, failure } of results(next.stdout)) if (failure) await mend(stack, failure);
    }
    const { code, stdout, stderr } = await home.family(up);
    expect(code, `${stdout}${stderr}`).toBe(0);
    expect((await home.family(["destroy", "--all", "--yes", "--parallel", "2"])).code).toBe(0);
    expect(cloudflare.local.resources()).toEqual([]);
  });
});
