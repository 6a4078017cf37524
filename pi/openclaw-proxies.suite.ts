import { beforeEach, describe, expect, test } from "vitest";
import { IDENTITY_HEADERS } from "../contract/roles.ts";
import { checkConfig } from "../infra/config.ts";
import { openclawWanted } from "../infra/openclaw-wanted.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { merge, openclawOnPi, origin } from "./testing/openclaw-on-pi.ts";

/** Whose word OpenClaw takes: asked from another machine than the Pi. */
export function openclawProxiesSuite(stage: () => Stage): void {
  describe("OpenClaw's trusted proxies", { timeout: 300_000 }, () => {
    const { run, sh, config, write, models } = openclawOnPi(stage);
    let before: Record<string, unknown> = {};
    beforeEach(async () => {
      before = JSON.parse(await config());
    });
    const access = () => {
      const { accountId } = stage().cloudflare;
      const { address: host, hostKey } = stage().host;
      const config = {
        accountId,
        pi: { host, hostKey },
        access: { emails: ["owner@example.com"] },
        signIn: "access",
      };
      return { access: openclawWanted(checkConfig("suite", config), origin).access };
    };
    const gateway = (change: Record<string, unknown>) =>
      write(JSON.stringify(merge(before, { gateway: change })));
    /** From this machine to the Pi's address on its network. */
    const fromElsewhere = async (headers: Record<string, string>) => {
      const response = await fetch(`http://${stage().host.address}:18789/v1/models`, { headers });
      await response.arrayBuffer();
      return response.status;
    };
    const forged = {
      [IDENTITY_HEADERS.user]: "owner@example.com",
      [IDENTITY_HEADERS.stack]: "suite",
      "x-forwarded-for": "203.0.113.9",
      "x-forwarded-proto": "https",
    };
    const listensOnAll = () =>
      sh(
        "timeout 40 sh -c 'until ss -Hltn sport = :18789 | grep -qE \"(0.0.0.0|[*]):18789 \"; do sleep 0.2; done'",
      );

    test("are found too many where something passes on to OpenClaw what comes from elsewhere, and the file is put back", async () => {
      const text = await config();
      const { address } = stage().host;
      const relay = `const net = require("node:net");
        net.createServer((from) => from.pipe(net.connect(18789, "127.0.0.1")).pipe(from)).listen(18789, "${address}");`;
      await sh(`systemd-run --user -q --unit relay /usr/bin/env node -e '${relay}'`);
      try {
        await sh(`timeout 20 sh -c 'until ss -Hltn sport = :18789 | grep -q ${address}; do sleep 0.1; done'`);
        const { code, stderr } = await run("create");
        expect({ code, stderr }).toMatchObject({
          code: 1,
          stderr: expect.stringContaining(
            `OPENCLAW_PROXIES_OPEN: OpenClaw takes anybody's word at ${address}:18789 for who asks; its config was put back`,
          ),
        });
        expect(await config()).toBe(text);
      } finally {
        await sh("systemctl --user stop relay");
      }
      expect((await run("create")).code).toBe(0);
    });

    longTest(
      "are the Pi's loopback alone: who comes from elsewhere is nobody, whatever they send",
      async () => {
        // OpenClaw listens beyond loopback only where it knows whose pages may open the Control UI.
        await gateway({ bind: "lan", controlUi: { allowedOrigins: [origin] } });
        await sh("systemctl --user restart openclaw-gateway", "");
        await listensOnAll();
        expect((await run("create", access())).code).toBe(0);
        expect(await fromElsewhere(forged)).toBeGreaterThanOrEqual(401);
        expect(await fromElsewhere({ ...forged, "x-forwarded-for": "127.0.0.1" })).toBeGreaterThanOrEqual(
          401,
        );
        expect(await fromElsewhere(forged)).toBeLessThanOrEqual(403);
        await run("delete");
        // With its token there, the login is the token: who has that and says to ask for others is refused all the same.
        expect((await run("create")).code).toBe(0);
        const authorization = `Bearer ${stage().host.gatewayToken}`;
        expect(await fromElsewhere({ ...forged, authorization })).toBeGreaterThanOrEqual(401);
        await run("delete");
        await gateway({});
        await sh(
          "systemctl --user restart openclaw-gateway; timeout 90 sh -c 'until curl -sf -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.3; done'",
        );
      },
    );

    test("of a range that holds the Pi's network are refused where a header says who asks, and the file is untouched", async () => {
      for (const range of ["0.0.0.0/0", "::/0", `${stage().host.address}/24`, "::ffff:0.0.0.0/96"]) {
        await gateway({ trustedProxies: ["127.0.0.1", range] });
        const text = await config();
        const { code, stderr } = await run("create", access());
        expect({ code, stderr }).toMatchObject({
          code: 1,
          stderr: expect.stringContaining("OPENCLAW_PROXIES_WIDE"),
        });
        expect(stderr).toContain(range);
        expect(await config()).toBe(text);
      }
    });

    test("of somebody's own stay, and are told of", async () => {
      await gateway({ trustedProxies: ["10.99.0.0/16"] });
      const { code, stderr } = await run("create");
      expect(stderr).toContain("note: gateway.trustedProxies has 10.99.0.0/16 besides the connector");
      expect(code).toBe(0);
      expect(JSON.parse(await config()).gateway.trustedProxies).toEqual(["10.99.0.0/16", "127.0.0.1", "::1"]);
      expect(await models(stage().host.gatewayToken, 200)).toBe("200");
    });
  });
}
