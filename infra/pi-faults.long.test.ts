import { setTimeout as pause } from "node:timers/promises";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { sharedStage } from "../rehearsal/testing/shared-stage.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const name = "matrix";
const stage = sharedStage();

const STEPS = ["footprint", "connector", "openclaw"] as const;
/** Moments after the engine has said that the step begins. The first finds it dialling, the last nearly at its end. */
const MOMENTS_MS = [0, 700, 2_500, 6_000];
const FAULTS = {
  "the SSH session is killed": "pkill -KILL -f '^sshd(-session)?: pi'",
  "the power is cut": "systemctl reboot --force --force",
};
const ROUNDS = 20;

/** Every fault in every step at several moments, and many rounds: longer than each change can wait for. */
describe("a Pi that fails, the whole matrix", () => {
  let stack: Stack;
  let before: Inventory;
  const asRoot = (command: string) =>
    stage()
      .host.exec(command, { asRoot: true, timeoutMs: 30_000 })
      .catch(() => undefined);
  const isUp = async () => {
    const { outputs } = await stack.up({ onOutput: () => {} });
    expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
  };
  const untilOpenClawAnswers = async () => {
    const ready = "until curl -sf -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.3; done";
    const deadline = Date.now() + 120_000;
    for (;;) {
      const answered = await stage()
        .host.exec(`timeout 90 sh -c '${ready}'`, { timeoutMs: 100_000 })
        .catch(() => undefined);
      if (answered?.code === 0) return;
      if (Date.now() > deadline) throw new Error("the Pi does not come back");
      await pause(1_000);
    }
  };
  /** Runs an operation, with a fault at some moment of a step. @returns whether it succeeded all the same */
  const withFault = async (operation: "up" | "destroy", says: string, momentMs: number, fault: string) => {
    let struck: Promise<unknown> | undefined;
    const strike = async () => {
      await pause(momentMs);
      await asRoot(fault);
    };
    const onOutput = (text: string) => {
      if (text.includes(says)) struck ??= strike();
    };
    const done = await stack[operation]({ onOutput }).then(
      () => true,
      () => false,
    );
    expect(struck, `it never said "${says}"`).toBeDefined();
    await struck;
    return done;
  };

  beforeAll(async () => {
    before = await inventoryOf(stage().host);
    stack = await stage().workspace.stack(name, stackConfig(stage()));
  });
  afterAll(async () => {
    await stack.destroy().catch(() => {});
  });

  const matrix = Object.keys(FAULTS).flatMap((fault) =>
    STEPS.flatMap((step) =>
      MOMENTS_MS.map((momentMs) => [fault as keyof typeof FAULTS, step, momentMs] as const),
    ),
  );
  test.each(matrix)(
    "%s in the %s step, %i ms after it began",
    async (fault, step, momentMs) => {
      const went = await withFault("up", `${name}-${step} creating`, momentMs, FAULTS[fault]);
      await untilOpenClawAnswers();
      if (!went) await isUp();
      expect((await stack.preview()).changeSummary).toEqual({ same: expect.any(Number) });
      await stack.destroy();
      await untilOpenClawAnswers();
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    },
    400_000,
  );

  test.each(
    Object.keys(FAULTS).flatMap((fault) =>
      [0, 1_500].map((momentMs) => [fault as keyof typeof FAULTS, momentMs] as const),
    ),
  )(
    "%s while destroy takes it off, %i ms after that began",
    async (fault, momentMs) => {
      await isUp();
      const went = await withFault("destroy", `${name}-footprint deleting`, momentMs, FAULTS[fault]);
      await untilOpenClawAnswers();
      if (!went) await stack.destroy();
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    },
    400_000,
  );

  test("the network is away for two minutes while it is connected", async () => {
    await isUp();
    const tunnelId = (await stack.outputs()).tunnelId?.value as string;
    const until = async (status: string, withinMs: number) => {
      const deadline = Date.now() + withinMs;
      while ((await cloudflareApi(stage().cloudflare).tunnelStatus(tunnelId)) !== status) {
        if (Date.now() > deadline) throw new Error(`the tunnel did not become ${status}`);
        await pause(500);
      }
    };
    await until("healthy", 5_000);
    const chain = (hook: string) => `chain ${hook} { type filter hook ${hook} priority -300; policy drop; };`;
    const table = `table inet away { ${chain("input")} ${chain("output")} }`;
    const takesAway = `systemd-run -q --collect sh -c 'nft "${table}"; sleep 120; nft delete table inet away'`;
    expect(await asRoot(`nft -c "${table}" && ${takesAway}`)).toMatchObject({ code: 0, stderr: "" });
    await until("down", 115_000);
    await until("healthy", 240_000);
    await stack.destroy();
    expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
  }, 600_000);

  test(
    `${ROUNDS} ups and destroys in a row leave the Pi as it was`,
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        await isUp();
        await stack.destroy();
        expect(differences(before, await inventoryOf(stage().host)), `round ${round + 1}`).toEqual([]);
      }
    },
    30 * 60_000,
  );
});
