import { beforeEach, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { folder, found, merge, openclawOnPi, origin } from "./testing/openclaw-on-pi.ts";

/** OpenClaw's config step, with the real OpenClaw running. */
export function openclawSuite(stage: () => Stage): void {
  describe("OpenClaw's config on the Pi", () => {
    const { run, sh, config, write, files, status, models } = openclawOnPi(stage);
    let before = "";
    beforeEach(async () => {
      before = await config();
    });

    test("opens the API with the token as it is, and goes back to the very bytes", async () => {
      const { code, stdout, stderr } = await run("create");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toEqual({ token: stage().host.gatewayToken, openclaw: "2026.9.6", found });
      expect(stderr).toBe(
        "OpenClaw: setting gateway.http.endpoints.chatCompletions.enabled, gateway.trustedProxies, gateway.controlUi.allowedOrigins\n",
      );
      expect(await models(stage().host.gatewayToken, 200)).toBe("200");
      expect(await sh(`stat -c %a ${folder}/openclaw.json ${folder}/openclaw-gateway.suite.json`)).toBe(
        "600\n600\n",
      );

      expect(await run("delete")).toMatchObject({ code: 0 });
      expect(await config()).toBe(before);
      expect(await files()).toBe("openclaw.json\n");
      // It knows no proxy again, so it refuses what comes through one.
      expect(await models(stage().host.gatewayToken, 403)).toBe("403");
    });

    test("does nothing when it is run again", async () => {
      await run("create");
      const written = await config();
      expect(await run("create")).toMatchObject({ code: 0, stderr: "" });
      expect(await config()).toBe(written);
    });

    test("extends lists that a person has begun, and brings comments back", async () => {
      const own = {
        gateway: {
          trustedProxies: ["10.1.2.3"],
          controlUi: { allowedOrigins: ["https://mine.example.com"] },
        },
      };
      const commented = `// mine\n${JSON.stringify(merge(JSON.parse(before), own))}\n`;
      await write(commented);
      const { code, stderr } = await run("create");
      expect(code).toBe(0);
      expect(stderr).toContain(`the file as it was is kept in ${folder}/openclaw-gateway.suite.json`);
      const { gateway } = JSON.parse(await config());
      expect(gateway.trustedProxies).toEqual(["10.1.2.3", "127.0.0.1", "::1"]);
      expect(gateway.controlUi.allowedOrigins).toEqual(["https://mine.example.com", origin]);
      await run("delete");
      expect(await config()).toBe(commented);
    });

    test("keeps what a person changed since, and takes back only its own", async () => {
      await run("create");
      await write(
        JSON.stringify(
          merge(JSON.parse(await config()), {
            gateway: { trustedProxies: ["127.0.0.1"] },
            logging: { level: "debug" },
          }),
        ),
      );
      const { code, stderr } = await run("delete");
      expect(code).toBe(0);
      expect(stderr).toContain("left as someone changed it since: gateway.trustedProxies");
      const after = JSON.parse(await config());
      expect(after.logging).toEqual({ level: "debug" });
      expect(after.gateway.trustedProxies).toEqual(["127.0.0.1"]);
      expect(after.gateway.http?.endpoints?.chatCompletions?.enabled).toBeUndefined();
      expect(after.gateway.controlUi?.allowedOrigins).toBeUndefined();
    });

    test("makes a token when there is none, and takes it away again", async () => {
      const { auth: _auth, ...gateway } = JSON.parse(before).gateway;
      const without = JSON.stringify({ ...JSON.parse(before), gateway });
      await write(without);
      const { code, stdout, stderr } = await run("create");
      expect(code).toBe(0);
      const { token } = JSON.parse(stdout);
      expect(token).toMatch(/^[0-9a-f]{64}$/);
      expect(stderr).not.toContain(token);
      expect(await models(token, 200)).toBe("200");
      await run("delete");
      expect(await config()).toBe(without);
    });

    test.each([
      ["{ not json", "OPENCLAW_CONFIG_INVALID"],
      ["[]", "OPENCLAW_CONFIG_INVALID"],
    ])("stops at a config that cannot be read (%s) and leaves it untouched", async (text, code) => {
      await write(text);
      const result = await run("create");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(code);
      expect(result.stderr).toContain("nothing was changed");
      expect(await config()).toBe(text);
      expect(await files()).toBe("openclaw.json\n");
    });

    test.each([
      [{ token: { source: "env", provider: "default", id: "NOT_SET" } }, "OPENCLAW_TOKEN_REFERENCE"],
      [{ token: { source: "exec", provider: "vault", id: "gateway" } }, "OPENCLAW_TOKEN_REFERENCE"],
      [{ mode: "password", password: "a-password-of-the-test" }, "OPENCLAW_AUTH_MODE"],
    ])("explains an authentication it cannot use (%j)", async (auth, code) => {
      const other = JSON.stringify({
        ...JSON.parse(before),
        gateway: { ...JSON.parse(before).gateway, auth },
      });
      await write(other);
      const result = await run("create");
      expect(result.code).toBe(1);
      expect(result.stderr).toContain(code);
      expect(result.stderr).not.toContain("a-password-of-the-test");
      expect(await config()).toBe(other);
    });

    test("loses nothing on a full disk, and says so", async () => {
      const asRoot = (command: string) => stage().host.exec(command, { asRoot: true });
      await asRoot(
        `cp -p ${folder}/openclaw.json /run/suite.json && mount -t tmpfs -o size=16k,uid=1000,gid=1000,mode=700 suite ${folder} && mv /run/suite.json ${folder}/openclaw.json && { dd if=/dev/zero of=${folder}/full bs=4k 2>/dev/null || true; }`,
      );
      try {
        const { code, stderr } = await run("create");
        expect(code).toBe(1);
        expect(stderr).toMatch(
          /PI_NO_SPACE: there is no room left beside .*openclaw.json \(ENOSPC\); it is as it was/,
        );
        expect(await config()).toBe(before);
        expect(await files()).toBe("openclaw.json\n");
      } finally {
        await asRoot(`umount ${folder}`);
      }
    });

    test("does not write through a link", async () => {
      await sh(`mv ${folder}/openclaw.json ${folder}/real.json && ln -s real.json ${folder}/openclaw.json`);
      try {
        const { code, stderr } = await run("create");
        expect(code).toBe(1);
        expect(stderr).toContain("OPENCLAW_CONFIG_LINK");
        expect(await sh(`readlink ${folder}/openclaw.json`)).toBe("real.json\n");
      } finally {
        await sh(`mv -f ${folder}/real.json ${folder}/openclaw.json`);
      }
      expect(await config()).toBe(before);
    });

    longTest(
      "opens the responses API where it is wanted, and closes it when it is not any more",
      async () => {
        const responses = (wanted: number) =>
          status(`authorization: Bearer ${stage().host.gatewayToken}`, wanted, "/v1/responses");
        expect((await run("create", { endpoints: ["responses"] })).code).toBe(0);
        expect(await responses(405)).toBe("405"); // it is there, and takes a POST
        expect(await run("create")).toMatchObject({
          code: 0,
          stderr: "OpenClaw: setting gateway.http.endpoints.responses.enabled\n",
        });
        expect(await responses(404)).toBe("404");
        await run("delete");
        expect(await config()).toBe(before);
        expect(await files()).toBe("openclaw.json\n");
      },
    );

    longTest(
      "takes an address that the gateway has no more out of the list, and leaves a person's in it",
      async () => {
        const mine = "https://mine.example.com";
        await write(
          JSON.stringify(merge(JSON.parse(before), { gateway: { controlUi: { allowedOrigins: [mine] } } })),
        );
        await run("create");
        await run("create", { origin: "https://other.example.com" });
        expect(JSON.parse(await config()).gateway.controlUi.allowedOrigins).toEqual([
          mine,
          "https://other.example.com",
        ]);
      },
    );

    longTest("keeps what a person changed between two ups, and takes back only its own", async () => {
      await run("create");
      await write(JSON.stringify(merge(JSON.parse(await config()), { logging: { level: "debug" } })));
      expect((await run("create", { endpoints: ["responses"] })).code).toBe(0);
      expect((await run("create")).code).toBe(0);
      expect((await run("delete")).code).toBe(0);
      const after = JSON.parse(await config());
      expect(after.logging).toEqual({ level: "debug" });
      expect(after.gateway.trustedProxies).toBeUndefined();
      expect(await files()).toMatch(/^openclaw\.json\n(openclaw\.json\.bak[.\d]*\n)?$/);
    });

    longTest("leaves the token that a person has set since, also when it takes its own back", async () => {
      await run("create");
      const token = "c".repeat(64);
      await write(JSON.stringify(merge(JSON.parse(await config()), { gateway: { auth: { token } } })));
      const { code, stdout } = await run("create", { endpoints: ["responses"] });
      expect(code).toBe(0);
      expect(JSON.parse(stdout).token).toBe(token);
      expect((await run("delete")).code).toBe(0);
      expect(JSON.parse(await config()).gateway.auth.token).toBe(token);
    });

    test("names the port when OpenClaw listens on another", async () => {
      const { code, stderr } = await run("create", {}, "19999");
      expect(code).toBe(1);
      expect(stderr).toContain("OPENCLAW_PORT: OpenClaw listens on port 18789, and the stack says 19999");
      expect(await config()).toBe(before);
    });
  });
}
