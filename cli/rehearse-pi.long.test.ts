import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createCertificateAuthority } from "../rehearsal/ca.ts";
import { awaitOpenClaw, type RehearsedHost, startHost } from "../rehearsal/host/host.ts";
import { prepareHost } from "../rehearsal/host/prepare.ts";
import { run } from "../rehearsal/host/run.ts";
import { takeSlot } from "../rehearsal/host/slot.ts";
import { quiet } from "../rehearsal/progress.ts";
import { type Owner, ownerOf } from "../rehearsal/testing/owner.ts";
import { until } from "../rehearsal/testing/rehearse.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";

// What cuts a rehearsal on another machine short, and that the next one clears what it left there.
const bound = 8 * 60_000;
const teardown = new AsyncDisposableStack();
let host: RehearsedHost;
let owner: Owner;
let cable: string;
let before: Inventory;

beforeAll(async () => {
  const assets = await prepareHost(quiet);
  const slot = await takeSlot();
  teardown.defer(() => slot.release());
  cable = slot.guestLink(0);
  const ca = await createCertificateAuthority();
  host = await startHost(assets, { slot, index: 0, name: "other", ca, progress: quiet });
  teardown.defer(() => host.stop());
  owner = await ownerOf(host);
  teardown.defer(() => owner.remove());
  before = await inventoryOf(host);
}, bound);

afterAll(() => teardown.disposeAsync(), 120_000);

/** The next rehearsal goes well, and nothing of either is left. */
async function expectNextClears(): Promise<void> {
  const { code, stderr } = await owner.run("--yes");
  expect(`${code} ${code === 0 ? "" : stderr}`.trim()).toBe("0");
  expect(differences(before, await inventoryOf(host))).toEqual([]);
}

const started = "… the tunnel is connected";

test(
  "killed on this machine",
  async () => {
    const { child, said } = owner.start("--yes");
    await until(child, said, started);
    child.kill("SIGKILL");
    await once(child, "exit");
    const left = differences(before, await inventoryOf(host));
    expect(left.join("\n")).toContain("cloudflared-rehearsal.service"); // else this tries nothing
    await expectNextClears();
  },
  bound,
);

test(
  "interrupted by Ctrl-C: puts the machine back itself",
  async () => {
    const { child, said } = owner.start("--yes");
    await until(child, said, started);
    child.kill("SIGINT");
    const [code] = await once(child, "exit");
    expect(code).toBe(1);
    expect(said.stderr).toContain("Interrupted; everything was taken down.");
    expect(differences(before, await inventoryOf(host))).toEqual([]);
  },
  bound,
);

test(
  "the network is lost: says so, and what to do",
  async () => {
    const { child, said } = owner.start("--yes");
    await until(child, said, started);
    await run("ip", ["link", "set", cable, "down"]);
    try {
      const [code] = await once(child, "exit");
      expect(code).toBe(1);
      expect(said.stderr).toMatch(/could not be put back as it was[\s\S]*next rehearsal with --pi/);
    } finally {
      await run("ip", ["link", "set", cable, "up"]);
    }
    await expectNextClears();
  },
  bound,
);

test(
  "the other machine reboots",
  async () => {
    const { child, said } = owner.start("--yes");
    await until(child, said, started);
    await host.exec("systemctl reboot", { asRoot: true }).catch(() => {}); // it ends the session it runs in
    await once(child, "exit");
    await expect
      .poll(
        () =>
          host.exec("true").then(
            () => "up",
            () => "down",
          ),
        { timeout: 60_000 },
      )
      .toBe("up");
    await awaitOpenClaw(host);
    await expectNextClears();
  },
  bound,
);
