import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { type Person, peopleOnPi } from "./testing/people-on-pi.ts";

const first: Person = { stack: "several-one", user: "pi", profile: "", port: 18789 };
const anna: Person = { stack: "several-two", user: "pi", profile: "anna", port: 19789 };

/** Two profiles' gateways of one user: each stack changes its own person's config alone. */
export function openclawProfilesSuite(stage: () => Stage): void {
  describe("two OpenClaw profiles on one Pi", () => {
    const { sh, step, ready, config } = peopleOnPi(() => stage().host);
    beforeAll(async () => {
      await sh(
        "pi",
        "mkdir -m 700 ~/.openclaw-anna && sed s/18789/19789/ ~/.openclaw/openclaw.json >~/.openclaw-anna/openclaw.json && chmod 600 ~/.openclaw-anna/openclaw.json && openclaw --profile anna gateway install --port 19789 --json",
      );
      await ready(anna);
    });
    afterAll(async () => {
      await step(anna, "delete");
      await step(first, "delete");
      await sh("pi", "openclaw --profile anna gateway uninstall; rm -rf ~/.openclaw-anna");
    });

    test("are each found by name, changed alone and put back alone, and no port leads to the other", async () => {
      const before = { first: await config(first), anna: await config(anna) };
      for (const [person, change] of [
        [anna, { port: 18789 }],
        [first, { port: 19789 }],
      ] as const) {
        const { code, stderr } = await step(person, "create", change);
        expect(stderr).toMatch(
          /OPENCLAW_OTHER_PROFILE: port \d+ belongs to the OpenClaw profile (anna|default)/,
        );
        expect(code).toBe(1);
      }
      expect({ first: await config(first), anna: await config(anna) }).toEqual(before);

      const both = await Promise.all([step(first, "create"), step(anna, "create")]);
      expect(both.map(({ code, stderr }) => ({ code, stderr }))).toMatchObject([{ code: 0 }, { code: 0 }]);
      expect(both.map(({ stderr }) => stderr).join("")).toMatch(
        /waiting for another step on the Pi to end: openclaw of the stack several-/,
      );
      expect(both.map(({ stdout }) => JSON.parse(stdout).found)).toMatchObject([
        { config: "/home/pi/.openclaw/openclaw.json", unit: "user openclaw-gateway.service" },
        { config: "/home/pi/.openclaw-anna/openclaw.json", unit: "user openclaw-gateway-anna.service" },
      ]);
      const built = { first: await config(first), anna: await config(anna) };
      expect(built.first).toContain("several-one.example.com");
      expect(built.first).not.toContain("several-two");
      expect(built.anna).toContain("several-two.example.com");

      expect(await step(first, "delete")).toMatchObject({ code: 0 });
      expect(await config(anna)).toBe(built.anna);
      expect(await config(first)).toBe(before.first);
      expect(await step(anna, "delete")).toMatchObject({ code: 0 });
      expect(await config(anna)).toBe(before.anna);
      expect(await config(first)).toBe(before.first);
    });
  });
}
