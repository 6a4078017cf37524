import type { ChildProcess } from "node:child_process";
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { newKeyPair } from "../../rehearsal/host/keys.ts";
import type { DeskRun } from "../init/testing/desk.ts";
import type { Result } from "./operation.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

const names = ["ada", "bob", "cleo"];

describe("npm run family, at length", { timeout: 60_000 }, () => {
  let cloudflare: TestCloudflare;
  let home: TestHousehold;

  beforeAll(async () => {
    cloudflare = await startTestCloudflare(151, { internet: async () => new Response("taken") });
    home = await openTestHousehold(cloudflare);
    for (const name of names) await home.add(name);
    const up = await home.family(["up", "--all", "--yes"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
  }, 120_000);
  afterAll(async () => {
    await home?.close();
    await cloudflare?.local.close();
  });

  const ofStacks = () => cloudflare.local.resources();
  const results = (stdout: string): Result[] => JSON.parse(stdout).results;
  const statuses = (stdout: string) => results(stdout).map(({ stack, status }) => `${stack} ${status}`);

  test("goes on with the others where a Pi cannot be reached, and says which and why", async () => {
    // Nobody listens on port 9 (discard) here.
    const { private: privateKey, public: publicKey } = newKeyPair("ed25519");
    const hostKey = publicKey.split(" ").slice(0, 2).join(" ");
    const { code, stdout } = await home.withConfig(
      "ada",
      (text) => text,
      async () => {
        await home.change("ada", { pi: { host: "127.0.0.1", port: 9, hostKey, privateKey } });
        return home.family(["up", "--all", "--yes", "--continue-on-error", "--parallel", "1"]);
      },
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^ada +failed .*\nbob +ok .*\ncleo +ok /m);
    expect(stdout).toMatch(/^ada:\n {2}PI_NO_SSH: .*no SSH server does on its port 9/m);
  });

  test("shows what the shared stack's probe found last, and takes no gateway off that it watches", async () => {
    const webhook = { name: "phone", url: "https://hooks.example.com/", secret: "s".repeat(32) };
    const shared = { gateways: ["bob", "cleo"], alerts: { webhooks: [webhook] } };
    await home.add("alerts", { pi: undefined, access: undefined, shared });
    const up = await home.family(["up", "alerts", "--yes", "--json"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    await cloudflare.local.strike("openclaw-alerts-probe");

    const { stdout } = await home.family(["status", "alerts", "bob", "--quick", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([
      {
        stack: "alerts",
        isBuilt: true,
        offers: { watches: ["bob", "cleo"], groups: [], loginMethods: [] },
      },
      { stack: "bob", lastProbe: { found: "TUNNEL_DOWN", at: expect.stringMatching(/^20/) } },
    ]);
    const { code, stderr } = await home.family(["destroy", "bob", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /GATEWAY_WATCHED: .* alerts is bound to bob.*\n.*config rm --stack alerts .*shared\.gateways\[0\]'\n.*up --stack alerts/,
    );
    const off = await home.family(["destroy", "alerts", "--yes", "--json"]);
    expect(off, off.stderr).toMatchObject({ code: 0 });
    expect(ofStacks().join("\n")).not.toMatch(/alerts|KV/);
    await home.drop("alerts");
  });

  test("builds a shared stack's groups before the gateways that name them, and takes them off last", async () => {
    const shared = { groups: [{ name: "choir", emails: ["ann@example.com"] }] };
    await home.add("people", { pi: undefined, access: undefined, shared });
    await home.add("dan", { access: { groups: ["choir"] }, roles: { others: "guest" }, serviceTokens: [] });
    const up = await home.family(["up", "dan", "people", "--yes", "--json"]);
    expect(up, up.stderr).toMatchObject({ code: 0 });
    const { code, stderr } = await home.family(["destroy", "people", "--yes"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/GROUP_NAMED: dan has .* of the shared stack people; [\s\S]*destroy people dan/);
    const off = await home.family(["destroy", "people", "dan", "--yes", "--json"]);
    expect(off, off.stderr).toMatchObject({ code: 0 });
    expect(ofStacks().join("\n")).not.toMatch(/dan|choir/);
    await home.drop("people");
    await home.drop("dan");
  });

  test("loses one stack alone when its process is killed, and says so", async () => {
    const held = cloudflare.local.faults.hold("GET", /\/cfd_tunnel$/);
    let cli: ChildProcess | undefined;
    const preview = home.family(["preview", "--all", "--parallel", "1", "--continue-on-error", "--json"], {
      onStderr: (_piece, child) => {
        cli = child;
      },
    });
    await held.arrived;
    const children = await readFile(`/proc/${cli?.pid}/task/${cli?.pid}/children`, "utf8");
    for (const pid of children.trim().split(" "))
      if ((await readFile(`/proc/${pid}/cmdline`, "utf8")).includes("slot.ts"))
        process.kill(Number(pid), "SIGKILL");
    held.release();
    const { code, stdout } = await preview;
    expect(code).toBe(1);
    expect(statuses(stdout)).toEqual(["ada failed", "bob ok", "cleo ok"]);
    expect(results(stdout)[0]?.failure).toContain("STACK_PROCESS_ENDED");
  });

  test("removes a person from a stack that stays, after an up that failed and one that was stopped", async () => {
    const { faults, revokedPeople } = cloudflare.local;
    const policies = /\/access\/policies\//;
    const remove = (person: string, options?: DeskRun) =>
      home.family(["remove", "bob", "--person", person, "--yes", "--json"], options);
    await home.withConfig(
      "bob",
      (text) => text.replace('"bob@example.com"', '"bob@example.com", "Eve@Example.com"'),
      async () => {
        await home.family(["up", "bob", "--yes"]);
        const unknown = await remove("dora@example.com");
        expect(JSON.parse(unknown.stdout).error.message).toMatch(
          /PERSON_UNKNOWN: dora@example\.com .*: bob@example\.com, Eve@Example\.com/,
        );
        faults.failOnce("PUT", policies, 400);
        const failed = await remove("eve@example.com");
        expect(failed.code).toBe(1);
        const { error } = JSON.parse(failed.stdout);
        expect(error.message).toMatch(
          /^REMOVAL_STOPPED: bringing bob up [\s\S]*\n +not done: bringing bob up [\s\S]*remove bob --person eve@example\.com$/,
        );
        expect(revokedPeople).toEqual(["eve@example.com", "eve@example.com"]);
        expect(await readFile(home.file("bob"), "utf8")).not.toContain("Eve");

        const held = faults.hold("PUT", policies);
        let cli: ChildProcess | undefined;
        const stopping = Promise.withResolvers<void>();
        const run = remove("eve@example.com", {
          onStderr: (piece, child) => {
            cli = child;
            if (piece.includes("Stopping")) stopping.resolve();
          },
        });
        await held.arrived;
        cli?.kill("SIGINT");
        await stopping.promise;
        held.release();
        const stopped = await run;
        expect(stopped.code, stopped.stderr).toBe(130);
        expect(JSON.parse(stopped.stdout).error).toMatchObject({
          code: "INTERRUPTED",
          message: expect.stringMatching(
            /done: taking eve@[\s\S]*not done: bringing bob up[\s\S]*to go on: .* remove bob --person eve@example\.com$/,
          ),
        });

        const { code, stdout, stderr } = await remove("eve@example.com");
        expect(code, stderr).toBe(0);
        expect(JSON.parse(stdout).remains.join("\n")).toMatch(/stays connected for at most 60 minutes/);
      },
    );
    expect(revokedPeople).toEqual(Array(5).fill("eve@example.com"));
    const policy = cloudflare.local.calls.findLast(
      ({ method, path }) => method === "PUT" && path.includes("/access/policies/"),
    );
    expect(policy?.status).toBe(200);
  });
});
