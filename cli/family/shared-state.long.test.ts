import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { type S3Server, startS3Server } from "../../rehearsal/testing/s3-server.ts";
import { openTestHousehold, type TestHousehold } from "./testing/household.ts";

/** A state that two people share, on a real S3 server. */
describe("a state in an S3 bucket", { timeout: 180_000 }, () => {
  let folder: string;
  let cloudflare: TestCloudflare;
  let s3: S3Server;
  let home: TestHousehold;
  const passphrase = { PULUMI_CONFIG_PASSPHRASE: "test" };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-s3-"));
    [cloudflare, s3] = await Promise.all([startTestCloudflare(152), startS3Server(folder)]);
    home = await openTestHousehold(cloudflare);
    await home.add("ada");
    const built = await home.family(["up", "ada", "--yes"]);
    expect(built.code, built.stderr).toBe(0);
  }, 20 * 60_000);
  afterAll(async () => {
    await home?.close();
    await s3?.close();
    await cloudflare?.local.close();
    await rm(folder, { recursive: true, force: true });
  });

  test("takes over what a local one has, by the lines of docs/state.md", async () => {
    const there = { ...passphrase, ...s3.env, PULUMI_BACKEND_URL: s3.backend };
    const state = await home.desk.pulumi(["stack", "export", "--stack", "ada"], passphrase);
    await home.desk.pulumi(["stack", "init", "ada", "--no-select"], there);
    await home.desk.pulumi(["stack", "import", "--stack", "ada"], there, state);
    await home.record("ada", s3.backend);
    await home.desk.pulumi(["stack", "rm", "ada", "--force", "--yes", "--preserve-config"], passphrase);
    const { code, stdout, stderr } = await home.family(["preview", "ada", "--json"], { env: s3.env });
    expect(code, stderr).toBe(0);
    expect(Object.keys(JSON.parse(stdout).results[0].changes)).toEqual(["same"]);
  });

  test("lets one change a stack at a time, and says who does", async () => {
    const held = cloudflare.local.faults.hold("GET", /\/cfd_tunnel$/);
    const first = home.family(["up", "ada", "--yes", "--json"], { env: s3.env });
    await held.arrived;
    const second = await home.family(["up", "ada", "--yes"], { env: s3.env });
    expect(second.code).toBe(1);
    expect(second.stdout).toMatch(/the stack is currently locked by 1 lock\(s\)[\s\S]*created by .*@/);
    held.release();
    expect((await first).code).toBe(0);
  });

  test("is left empty by a destroy", async () => {
    const { code, stderr } = await home.family(["destroy", "ada", "--yes"], { env: s3.env });
    expect(code, stderr).toBe(0);
    expect(cloudflare.local.resources()).toEqual([]);
  });
});
