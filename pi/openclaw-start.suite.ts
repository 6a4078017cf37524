import { afterEach, beforeEach, describe, expect } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { folder, merge, openclawOnPi } from "./testing/openclaw-on-pi.ts";

const unit = "openclaw-gateway.service";
const dropIn = `~/.config/systemd/user/${unit}.d/suite.conf`;

/** What OpenClaw takes from elsewhere than its config file, or takes up only when it starts anew. */
export function openclawStartSuite(stage: () => Stage): void {
  describe("OpenClaw as it was started", { timeout: 240_000 }, () => {
    const { run, sh, config, write, models } = openclawOnPi(stage);
    const secret = `token-of-the-suite-${"x".repeat(24)}`;
    let before = "";
    const restart = () =>
      sh(
        `systemctl --user daemon-reload; systemctl --user restart ${unit}; timeout 90 sh -c 'until curl -sf -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.3; done'`,
      );
    const withGateway = (gateway: object) => JSON.stringify(merge(JSON.parse(before), { gateway }));
    const withToken = (token: unknown) => {
      const whole = JSON.parse(before);
      whole.gateway.auth = { mode: "token", ...(token !== undefined && { token }) };
      return JSON.stringify(whole);
    };
    const started = () => sh(`systemctl --user show ${unit} -p InvocationID`);

    beforeEach(async () => {
      before = await config();
    });
    afterEach(async () => {
      await run("delete");
      await write(before);
      await sh(`rm -f ${dropIn} ${folder}/.env ${folder}/secrets.json`);
      await restart();
    });

    longTest("takes a change up although its reload is off, and lets it go again", async () => {
      const off = withGateway({ reload: { mode: "off" } });
      await write(off);
      await restart();
      const first = await run("create");
      expect(first).toMatchObject({ code: 0 });
      expect(first.stderr).toContain("starting it anew, since its gateway.reload.mode is off");
      expect(await models(stage().host.gatewayToken, 200)).toBe("200");
      const running = await started();
      expect(await run("create")).toMatchObject({ code: 0, stderr: "" });
      expect(await started()).toBe(running);
      expect(await run("delete")).toMatchObject({ code: 0 });
      expect(await config()).toBe(off);
      expect(await models(stage().host.gatewayToken, 403)).toBe("403");
    });

    const places = [
      ["a variable of its unit", { source: "env", provider: "default", id: "SUITE_TOKEN" }, "unit"],
      ["a variable in its .env", ["$", "{SUITE_TOKEN}"].join(""), ".env"],
      ["nothing but the variable that it knows itself", undefined, "own"],
    ] as const;
    longTest.each(places)("reads a token that is %s", async (_where, token, place) => {
      await write(withToken(token));
      const name = place === "own" ? "OPENCLAW_GATEWAY_TOKEN" : "SUITE_TOKEN";
      if (place === ".env") await sh(`umask 077; cat >${folder}/.env`, `${name}="${secret}"\n`);
      else await sh(`umask 077; cat >${dropIn}`, `[Service]\nEnvironment=${name}=${secret}\n`);
      await restart();
      const { code, stdout, stderr } = await run("create");
      expect(stderr).not.toContain(secret);
      expect(code).toBe(0);
      expect(JSON.parse(stdout).token).toBe(secret);
      expect(await config()).not.toContain(secret);
      expect(await models(secret, 200)).toBe("200");
      await run("delete");
      expect(await config()).toBe(withToken(token));
    });

    longTest("waits for one that is only about to start, as after a restart of the Pi", async () => {
      await write(withToken({ source: "env", provider: "default", id: "SUITE_TOKEN" }));
      await sh(
        `umask 077; cat >${dropIn}`,
        `[Service]\nEnvironment=SUITE_TOKEN=${secret}\nExecStartPre=/bin/sleep 5\n`,
      );
      await sh(`systemctl --user daemon-reload; systemctl --user --no-block restart ${unit}`);
      await sh("timeout 60 sh -c 'while ss -Hltn sport = :18789 | grep -q .; do sleep 0.1; done'");
      const { code, stdout } = await run("create");
      expect(code).toBe(0);
      expect(JSON.parse(stdout).token).toBe(secret);
    });

    longTest("reads a token that is in a file of secrets", async () => {
      const whole = JSON.parse(withToken({ source: "file", provider: "mine", id: "/gateway/to~1ken" }));
      whole.secrets = { providers: { mine: { source: "file", path: `${folder}/secrets.json` } } };
      await sh(`umask 077; cat >${folder}/secrets.json`, JSON.stringify({ gateway: { "to/ken": secret } }));
      await write(JSON.stringify(whole));
      await restart();
      const { code, stdout } = await run("create");
      expect(code).toBe(0);
      expect(JSON.parse(stdout).token).toBe(secret);
      expect(JSON.parse(await config()).gateway.auth.token).toEqual(whole.gateway.auth.token);
    });
  });
}
