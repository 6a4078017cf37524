import { beforeEach, describe, expect, test } from "vitest";
import { IDENTITY_HEADERS } from "../contract/roles.ts";
import { checkConfig } from "../infra/config.ts";
import { type OpenClawWanted, openclawWanted } from "../infra/openclaw-wanted.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { found, merge, openclawOnPi, origin } from "./testing/openclaw-on-pi.ts";

/** The same step where the Access identity is the login: each change of OpenClaw's authentication starts it anew, twice. */
export function openclawAccessSuite(stage: () => Stage): void {
  describe("OpenClaw's config with the Access identity as the login", { timeout: 300_000 }, () => {
    const { run, sh, config, write, files, status, models } = openclawOnPi(stage);
    let before = "";
    beforeEach(async () => {
      before = await config();
    });
    /** What a stack with these owners wants. */
    const access = (...emails: string[]): Pick<OpenClawWanted, "access"> => {
      const { accountId } = stage().cloudflare;
      const { address: host, hostKey } = stage().host;
      const config = { accountId, pi: { host, hostKey }, access: { emails }, signIn: "access" };
      return { access: openclawWanted(checkConfig("suite", config), origin).access };
    };
    const as = (person: string, wanted: number) =>
      status(`${IDENTITY_HEADERS.user}: ${person}\n${IDENTITY_HEADERS.stack}: suite`, wanted);
    const unitId = () => sh("systemctl --user show openclaw-gateway.service -p InvocationID,MainPID");

    test("lets in whom it is told of, takes the token away, and goes back to the very bytes", async () => {
      const first = await run("create", access("owner@example.com"));
      expect(first.stderr).not.toContain("REFUSED");
      expect(first).toMatchObject({
        code: 0,
        stdout: `${JSON.stringify({ openclaw: "2026.9.6", found })}\n`,
      });
      const { auth } = JSON.parse(await config()).gateway;
      expect(auth.token).toBeUndefined();
      expect(auth.password).toMatch(/^[0-9a-f]{64}$/);
      expect(first.stderr).not.toContain(auth.password);
      expect(await as("owner@example.com", 200)).toBe("200");
      expect(await as("service:cli", 200)).toBe("200");
      expect(await as("stranger@example.com", 401)).toBe("401");
      expect(await models(stage().host.gatewayToken, 401)).toBe("401");
      expect(JSON.parse(await sh("openclaw devices list --json")).pending).toEqual([]);

      const running = await unitId();
      expect(await run("create", access("owner@example.com"))).toMatchObject({ code: 0, stderr: "" });
      // Who is let in changes without a restart; whom it is not told of any more is out at once.
      expect((await run("create", access("other@example.com"))).code).toBe(0);
      expect(await as("other@example.com", 200)).toBe("200");
      expect(await as("owner@example.com", 401)).toBe("401");
      expect(Object.keys(JSON.parse(await config()).gateway.auth.identityScopes)).toEqual([
        "other@example.com",
      ]);
      expect(await unitId()).toBe(running);

      expect((await run("delete")).code).toBe(0);
      expect(await config()).toBe(before);
      expect(await files()).toBe("openclaw.json\n");
      expect(await as("other@example.com", 401)).not.toBe("200");
    });

    longTest("changes from one login to the other and back, and the token is the one of before", async () => {
      expect((await run("create")).code).toBe(0);
      expect((await run("create", access("owner@example.com"))).code).toBe(0);
      const { code, stdout } = await run("create");
      expect(code).toBe(0);
      expect(JSON.parse(stdout).token).toBe(stage().host.gatewayToken);
      expect(await as("owner@example.com", 401)).toBe("401");
      const { auth } = JSON.parse(await config()).gateway;
      expect(auth).toEqual(JSON.parse(before).gateway.auth);
    });

    longTest(
      "brings back a password that was there besides, though OpenClaw drops it meanwhile",
      async () => {
        const auth = { ...JSON.parse(before).gateway.auth, password: "a-password-of-the-test" };
        await write(JSON.stringify(merge(JSON.parse(before), { gateway: { auth } })));
        expect((await run("create", access("owner@example.com"))).code).toBe(0);
        expect(JSON.parse(await config()).gateway.auth.password).toBe("a-password-of-the-test");
        await write(JSON.stringify(merge(JSON.parse(await config()), { logging: { level: "debug" } })));
        expect((await run("delete")).code).toBe(0); // by its keys, since someone has changed the file
        expect(JSON.parse(await config()).gateway.auth).toEqual(auth);
      },
    );

    longTest(
      "puts back what was there when OpenClaw does not let the gateway in, and OpenClaw runs as before",
      async () => {
        expect((await run("create")).code).toBe(0);
        const working = await config();
        const wanted = access("owner@example.com").access;
        if (!wanted) throw new Error("nothing is wanted");
        // OpenClaw takes this config, and refuses every proxy on its own machine.
        const trustedProxy = { ...wanted.trustedProxy, allowLoopback: false as unknown as true };
        const { code, stderr } = await run("create", {
          access: { ...wanted, trustedProxy },
          patienceSeconds: 30,
        });
        expect(code).toBe(1);
        expect(stderr).toContain("OPENCLAW_NOT_ANSWERING");
        expect(stderr).toContain("its config was put back");
        expect(await config()).toBe(working);
        expect(await models(stage().host.gatewayToken, 200)).toBe("200");
        expect((await run("delete")).code).toBe(0);
        expect(await config()).toBe(before);
        expect(await files()).toBe("openclaw.json\n");
      },
    );

    longTest(
      "puts back what was there when OpenClaw's own audit finds something critical that is not meant",
      async () => {
        const { access: meant } = access("owner@example.com");
        const { code, stderr } = await run("create", meant && { access: { ...meant, expectedFindings: [] } });
        expect(stderr).toContain("OPENCLAW_AUDIT_CRITICAL");
        expect(stderr).toContain("gateway.trusted_proxy_auth");
        expect(code).toBe(1);
        expect(await config()).toBe(before);
        expect(await models(stage().host.gatewayToken, 403)).toBe("403");
        expect(await files()).not.toContain("openclaw-gateway.suite.json");
      },
    );

    test("leaves an OpenClaw alone that trusts another proxy already", async () => {
      const auth = { mode: "trusted-proxy", trustedProxy: { userHeader: "x-user" } };
      const other = JSON.stringify({
        ...JSON.parse(before),
        gateway: { ...JSON.parse(before).gateway, auth, trustedProxies: ["10.0.0.1"] },
      });
      await write(other);
      const { code, stderr } = await run("create", access("owner@example.com"));
      expect(code).toBe(1);
      expect(stderr).toContain("OPENCLAW_AUTH_MODE");
      expect(await config()).toBe(other);
    });
  });
}
