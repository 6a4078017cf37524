import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newKeyPair } from "../rehearsal/host/keys.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { type Owner, ownerOf } from "../rehearsal/testing/owner.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";

/** `npm run rehearse -- --pi`: the stage's host plays a machine that is somebody's own, reached by its SSH alone. */
export function rehearsePiSuite(stage: () => Stage): void {
  describe("a rehearsal on another machine", () => {
    let owner: Owner;
    beforeAll(async () => {
      owner = await ownerOf(stage().host);
    });
    afterAll(() => owner?.remove());

    /** What becomes of a rehearsal that has to be refused before anything changes. */
    async function refusal(...args: string[]) {
      const before = await inventoryOf(stage().host);
      const { code, stderr } = await owner.run(...args);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
      expect(code).toBe(1);
      return stderr;
    }

    test("is refused where nobody can say yes", async () => {
      expect(await refusal()).toMatch(/^Nobody is here to say yes/m);
    });

    test("is refused with --yes when the host key was never met, with the line that mends it", async () => {
      await owner.knows("");
      const words = await refusal("--yes");
      expect(words).toMatch(/host key SHA256:[A-Za-z0-9+/]{43}, which .* does not know/);
      expect(words).toContain(`ssh-keyscan -t ecdsa ${stage().host.address} >> ~/.ssh/known_hosts`);
    });

    test("is refused when the machine shows another key than it did before", async () => {
      await owner.knows(`${stage().host.address} ${newKeyPair("ecdsa").public}\n`);
      try {
        expect(await refusal("--yes")).toContain("knows another one for it");
      } finally {
        await owner.knows(`${stage().host.address} ${stage().host.hostKey}\n`);
      }
    });

    test.each([
      ["cloudflared", "install -m 755 /dev/null /usr/local/bin/cloudflared", "rm /usr/local/bin/cloudflared"],
      ["the stack home", "mkdir -p /var/lib/openclaw-gateway/home", "rm -r /var/lib/openclaw-gateway"],
    ])("is refused where %s is already", async (what, put, remove) => {
      await stage().host.exec(put, { asRoot: true });
      try {
        const words = await refusal("--yes");
        expect(words).toContain("is not taken for a rehearsal");
        expect(words).toContain(what);
      } finally {
        await stage().host.exec(remove, { asRoot: true });
      }
    });

    longTest(
      "walks the whole chain through the SSH connection, and leaves the machine as it was",
      async () => {
        const { host } = stage();
        const devices = async () => {
          const { stdout } = await host.exec("openclaw devices list --json");
          const { paired = [], pending = [] } = JSON.parse(stdout.slice(stdout.indexOf("{")));
          return [...paired, ...pending].map(({ deviceId }: { deviceId: string }) => deviceId).sort();
        };
        const before = { inventory: await inventoryOf(host), devices: await devices() };
        const { code, stdout, stderr } = await owner.run("--yes", "--json");
        expect(stderr).toContain("The whole chain was built, used and taken down.");
        expect(code).toBe(0);
        expect(stderr).toContain("it changes openclaw.json"); // what will be done is said before it is
        expect(stdout + stderr).not.toContain(host.gatewayToken);
        const { ok, steps } = JSON.parse(stdout) as {
          ok: boolean;
          steps: { name: string; status: string }[];
        };
        expect(ok).toBe(true);
        expect(steps.filter(({ status }) => status !== "ok")).toEqual([]);
        expect(steps.map(({ name }) => name)).toEqual(
          expect.arrayContaining([
            `pi@${host.address} is made ready`,
            "the tunnel is connected",
            "OpenClaw answers curl (streamed)",
            "nothing is left",
          ]),
        );
        expect(differences(before.inventory, await inventoryOf(host))).toEqual([]);
        expect(await devices()).toEqual(before.devices);
      },
      600_000,
    );
  });
}
