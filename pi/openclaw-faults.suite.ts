import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Stage } from "../rehearsal/stage.ts";
import { atLength, longTest } from "../rehearsal/testing/long-test.ts";
import { folder, merge, openclawOnPi } from "./testing/openclaw-on-pi.ts";

const unit = "openclaw-gateway.service";
const dropIn = `~/.config/systemd/user/${unit}.d/suite.conf`;

/** What happens to OpenClaw and its config while the step is at work. */
export function openclawFaultsSuite(stage: () => Stage): void {
  describe("OpenClaw that fails while its config is changed", { timeout: 240_000 }, () => {
    const { run, sh, config, write, files, models } = openclawOnPi(stage);
    let before = "";
    /** Has the unit start with a line of its own. */
    const withUnit = (line: string) =>
      sh(`cat >${dropIn} && systemctl --user daemon-reload`, `[Service]\n${line}\nRestartSec=1\n`);
    const untilOn = (condition: string) =>
      sh(`timeout 60 sh -c "until ${condition}; do sleep 0.05; done" && echo yes`);
    const written = `grep -q chatCompletions ${folder}/openclaw.json`;
    const ready = "curl -sf -o /dev/null http://127.0.0.1:18789/readyz";

    beforeEach(async () => {
      before = await config();
      // A restart that waits for runs of the test before would come upon a config that it cannot start with.
      await sh(`systemctl --user kill -s KILL ${unit}; systemctl --user restart ${unit}`);
      expect(await untilOn(ready)).toBe("yes\n");
    });
    afterEach(async () => {
      await sh(
        `rm -f ${dropIn}; systemctl --user daemon-reload; systemctl --user reset-failed ${unit}; systemctl --user start ${unit}`,
      );
      expect(await untilOn(ready)).toBe("yes\n");
    });

    const startSeconds = atLength ? 40 : 10;
    longTest(
      `by dying after the patch, and takes ${startSeconds} s longer to come back: the step waits`,
      async () => {
        await withUnit(`ExecStartPre=/bin/sleep ${startSeconds}`);
        const step = run("create");
        expect(await untilOn(written)).toBe("yes\n");
        await sh(`systemctl --user kill -s KILL ${unit}`);
        expect(await step).toMatchObject({ code: 0 });
        expect(await models(stage().host.gatewayToken, 200)).toBe("200");
      },
    );

    longTest(
      "by not starting with it at all: what was there is put back, and it runs as before",
      async () => {
        await withUnit(`ExecStartPre=/bin/sh -c '! ${written}'`);
        const step = run("create", { patienceSeconds: 30 });
        expect(await untilOn(written)).toBe("yes\n");
        await sh(`systemctl --user kill -s KILL ${unit}`);
        // After five starts systemd gives it up: putting the config back alone would leave it dead.
        expect(await untilOn(`systemctl --user -q is-failed ${unit}`)).toBe("yes\n");
        const { code, stderr } = await step;
        expect(code).toBe(1);
        expect(stderr).toContain("OPENCLAW_NOT_ANSWERING");
        expect(stderr).toContain("its config was put back");
        expect(stderr).toContain(`journalctl --user -u ${unit}`);
        expect(await config()).toBe(before);
        expect(await files()).not.toContain("openclaw-gateway.suite.json");
        expect(await untilOn(ready)).toBe("yes\n");
        expect(await models(stage().host.gatewayToken, 403)).toBe("403");
      },
    );

    longTest(
      "by somebody who changes the file meanwhile: theirs stays, and the next try goes through",
      async () => {
        const theirs = JSON.stringify(merge(JSON.parse(before), { logging: { level: "debug" } }));
        const step = run("create");
        expect(await untilOn("pgrep -f '[p]atch --stdin --dry-run' >/dev/null")).toBe("yes\n");
        await write(theirs);
        const { code, stderr } = await step;
        expect(stderr).toContain("OPENCLAW_CONFIG_BUSY");
        expect(code).toBe(1);
        expect(await config()).toBe(theirs);
        expect(await files()).not.toContain("openclaw-gateway.suite.json");
        expect(await run("create")).toMatchObject({ code: 0 });
        await run("delete");
        expect(await config()).toBe(theirs);
      },
    );

    test("by a key that it does not know: nothing is changed, and the key is named", async () => {
      const unknown = JSON.stringify(merge(JSON.parse(before), { gateway: { colour: "red" } }));
      await write(unknown);
      const { code, stderr } = await run("create");
      expect(code).toBe(1);
      expect(stderr).toContain("OPENCLAW_CONFIG_REFUSED");
      expect(stderr).toContain("colour");
      expect(await config()).toBe(unknown);
      expect(await files()).not.toContain("openclaw-gateway.suite.json");
    });
  });
}
