import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { encodedPiProgram, piScript } from "../infra/pi-script.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { cloudflareApi } from "../rehearsal/testing/cloudflare-api.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";
import { openclawOnPi } from "./testing/openclaw-on-pi.ts";

const audit = piScript("audit", { asRoot: true });
const connector = piScript("connector", { asRoot: true });
const trail = "/var/log/openclaw/audit.log";
const service = "openclaw-gateway-audit-suite.service";

interface Line {
  readonly time: string;
  readonly source: string;
  readonly stack: string;
  readonly event: string;
  readonly id: string;
  readonly [field: string]: unknown;
}

/** The audit trail's step, with the real OpenClaw and its ledger, and systemd's journal. */
export function auditSuite(stage: () => Stage): void {
  describe("the audit trail on the Pi", { timeout: 300_000 }, () => {
    const { run } = openclawOnPi(stage);
    const on = (operation: "create" | "delete", change: Record<string, string> = {}) =>
      stage().host.exec(audit.command(operation), {
        stdin: audit.stdin({
          openclaw_port: "18789",
          stack: "suite",
          user: "pi",
          path: trail,
          keep: "no",
          runner: encodedPiProgram("audit-run"),
          program: encodedPiProgram("audit"),
          ...change,
        }),
        timeoutMs: 180_000,
      });
    const asRoot = async (command: string): Promise<string> => {
      const { code, stdout, stderr } = await stage().host.exec(command, {
        asRoot: true,
        timeoutMs: 130_000,
      });
      if (code !== 0) throw new Error(`${command}: ${stderr}`);
      return stdout;
    };
    const collect = () => asRoot(`systemctl start ${service}`);
    const lines = async (file = trail): Promise<Line[]> =>
      (await asRoot(`cat ${file}`))
        .split("\n")
        .filter(Boolean)
        .map((line) => JSON.parse(line));
    const events = async (source: string) =>
      (await lines()).filter((line) => line.source === source).map(({ event }) => event);
    const chat = async (user: string, words: string) => {
      const { code, stderr } = await stage().host.exec(
        "curl -fsS -m 90 -o /dev/null -H @- -H 'content-type: application/json' " +
          `-d '${JSON.stringify({ user, messages: [{ role: "user", content: words }] })}' http://127.0.0.1:18789/v1/chat/completions`,
        { stdin: `authorization: Bearer ${stage().host.gatewayToken}\n`, timeoutMs: 100_000 },
      );
      if (code !== 0) throw new Error(stderr);
    };
    /** The ledger is written behind the answer, and may hold the runs of other suites. */
    const chatInLedger = async (user: string, words: string) => {
      const newest = "openclaw audit --json --limit 1";
      const { stdout: before } = await stage().host.exec(newest, { timeoutMs: 100_000 });
      await chat(user, words);
      const { code } = await stage().host.exec(
        `before=$(cat); for i in $(seq 30); do now=$(${newest}); [ "$now" != "$before" ] && printf %s "$now" | grep -q agent.run.finished && exit; sleep 0.2; done; exit 1`,
        { stdin: before, timeoutMs: 100_000 },
      );
      if (code !== 0) throw new Error("the chat's end has not reached OpenClaw's ledger");
    };
    const ids = (all: readonly Line[]) => all.map(({ id }) => id);

    let before: Awaited<ReturnType<typeof inventoryOf>>;
    let tunnel = { id: "", token: "" };
    beforeEach(async () => {
      before = await inventoryOf(stage().host);
      tunnel = await cloudflareApi(stage().cloudflare).createTunnel("audit-suite");
    });
    afterEach(async () => {
      await on("delete");
      await stage().host.exec(connector.command("delete"), {
        stdin: connector.stdin({ stack: "suite" }),
        timeoutMs: 60_000,
      });
      await cloudflareApi(stage().cloudflare).deleteTunnel(tunnel.id);
      await asRoot("rm -rf /var/log/openclaw");
    });
    const connect = (token = tunnel.token) =>
      stage().host.exec(connector.command("create"), {
        stdin: connector.stdin({ stack: "suite", tunnel_token: token, version: "any", upgrades: "apt" }),
        timeoutMs: 180_000,
      });

    test("tells once of what OpenClaw ran and of what the connector did, and never what was said", async () => {
      expect((await connect()).code).toBe(0);
      expect((await run("create")).code).toBe(0);
      const made = await on("create");
      expect(made).toMatchObject({ code: 0, stdout: `{"audit":"${trail}"}\n` });
      expect(made.stderr).toBe(`starting openclaw-gateway-audit-suite.timer, which writes ${trail}\n`);
      expect(await on("create")).toMatchObject({ code: 0, stderr: "" });

      const { gatewayToken } = stage().host;
      await chatInLedger(`someone ${gatewayToken} ${tunnel.token}`, "a secret of the family");
      await asRoot("systemctl restart cloudflared-suite");
      await collect();
      const all = await lines();
      expect(all.filter(({ source }) => source === "openclaw").map(({ event }) => event)).toEqual(
        expect.arrayContaining(["agent.run.started", "agent.run.finished"]),
      );
      expect(await events("connector")).toEqual(
        expect.arrayContaining(["connector.started", "connection.registered", "connector.stopped"]),
      );
      expect(all.every(({ time, stack }) => stack === "suite" && time === new Date(time).toISOString())).toBe(
        true,
      );
      expect(all.findLast(({ event }) => event === "agent.run.finished")).toMatchObject({
        status: "succeeded",
        actor: "agent:main",
      });
      const text = await asRoot(`cat ${trail}; journalctl --no-pager -u ${service}`);
      for (const secret of [gatewayToken, tunnel.token, "secret of the family"])
        expect(text).not.toContain(secret);

      // Again, without a state (as after a cut between the trail and its state), and with a line cut in the middle.
      const size = (await asRoot(`stat -c %s ${trail}`)).trim();
      await collect();
      await asRoot(`rm /var/lib/openclaw-gateway-audit-suite/state.json`);
      await collect();
      expect((await asRoot(`stat -c %s ${trail}`)).trim()).toBe(size);

      // Nobody but root reads and writes, and nobody at all takes a line away.
      expect((await asRoot(`stat -c '%a %U %G' ${trail}`)).trim()).toBe("640 root adm");
      for (const command of [`: >${trail}`, `mv ${trail} ${trail}.away`, `rm ${trail}`])
        await expect(asRoot(command), command).rejects.toThrow("Operation not permitted");
      const asPi = await stage().host.exec(`echo x >>${trail}`);
      expect(asPi.stderr).toContain("Permission denied");

      // The service's own hand: what its program tries on standard output.
      const program = "/usr/local/lib/openclaw-gateway/audit-suite.mjs";
      await asRoot(
        `cp ${program} /run/suite.mjs && printf '%s\\n' 'import fs from "node:fs"; const tried = {}; for (const [name, act] of Object.entries({ truncate: () => fs.ftruncateSync(1, 0), rewrite: () => fs.writeSync(fs.openSync("/proc/self/fd/1", "r+"), "x", 0), unlink: () => fs.unlinkSync("${trail}"), beside: () => fs.writeFileSync("/var/log/openclaw/other", "x"), home: () => fs.writeFileSync("/home/pi/suite", "x") })) try { act(); tried[name] = "done"; } catch (error) { tried[name] = error.code; } console.error("tried " + JSON.stringify(tried));' >${program}`,
      );
      await collect();
      await asRoot(`cp /run/suite.mjs ${program} && rm /run/suite.mjs`);
      const [, tried = "{}"] = /tried (\{.*\})/.exec(await asRoot(`journalctl -o cat -u ${service}`)) ?? [];
      expect(JSON.parse(tried)).toEqual({
        truncate: "EPERM",
        rewrite: "EACCES",
        unlink: "EROFS",
        beside: "EROFS",
        home: "EROFS",
      });
      expect((await asRoot(`stat -c %s ${trail}`)).trim()).toBe(size);

      // Rotation, by root's logrotate.
      await asRoot("logrotate -f /etc/logrotate.d/openclaw-gateway_openclaw_audit.log");
      expect(await asRoot(`stat -c '%a %U %G %s' ${trail}`)).toBe("640 root adm 0\n");
      expect(ids(await lines(`${trail}.1`))).toEqual(ids(all));
      await expect(asRoot(`: >${trail}`)).rejects.toThrow("Operation not permitted");
      await asRoot("systemctl stop cloudflared-suite");
      await collect();
      expect(await events("connector")).toContain("connector.stopped");
      const fresh = await lines();
      expect(ids(fresh).filter((id) => ids(all).includes(id))).toEqual([]);

      expect((await on("delete")).code).toBe(0);
      await stage().host.exec(connector.command("delete"), { stdin: connector.stdin({ stack: "suite" }) });
      expect(
        await asRoot("ls -d /var/log/openclaw /var/lib/openclaw-gateway-audit* 2>/dev/null || true"),
      ).toBe("");
      expect((await run("delete")).code).toBe(0);
      await stage().host.exec("rm -f ~/.openclaw/openclaw.json.bak*");
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    longTest("goes on over a restart of the Pi, and tells nothing twice", async () => {
      expect((await connect()).code).toBe(0);
      expect((await on("create")).code).toBe(0);
      const first = await lines();
      expect(first.map(({ event }) => event)).toContain("connection.registered");
      const boot = await asRoot("cat /proc/sys/kernel/random/boot_id");
      await asRoot("systemctl reboot --force --force").catch(() => {});
      await vi.waitFor(
        async () => {
          expect(await asRoot("cat /proc/sys/kernel/random/boot_id")).not.toBe(boot);
          await asRoot("systemctl is-active cloudflared-suite openclaw-gateway-audit-suite.timer");
        },
        { timeout: 60_000, interval: 200 },
      );
      await expect(asRoot(`: >${trail}`)).rejects.toThrow("Operation not permitted");
      await collect();
      const all = ids(await lines());
      expect(all.slice(0, first.length)).toEqual(ids(first));
      expect(new Set(all).size).toBe(all.length);
      expect((await lines()).slice(first.length).map(({ event }) => event)).toContain(
        "connection.registered",
      );
      // OpenClaw starts meanwhile, and whoever comes next finds it running.
      await stage().host.exec(
        "timeout 90 sh -c 'until curl -fs -o /dev/null http://127.0.0.1:18789/readyz; do sleep 0.2; done'",
        { timeoutMs: 100_000 },
      );
    });

    longTest(
      "serves two stacks in one file, which stays when one of them goes, and when it is to be kept",
      async () => {
        expect((await on("create")).code).toBe(0);
        expect((await on("create", { stack: "other" })).code).toBe(0);
        expect(await asRoot("ls /etc/logrotate.d | grep openclaw")).toBe(
          "openclaw-gateway_openclaw_audit.log\n",
        );
        expect((await on("delete")).code).toBe(0);
        await expect(asRoot(`: >${trail}`)).rejects.toThrow("Operation not permitted");
        const last = await on("delete", { stack: "other", keep: "yes" });
        expect(last.stderr).toContain(`the audit trail is kept: ${trail}`);
        expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
        // Its owner may do with it as they like.
        await asRoot(`rm ${trail}`);
      },
    );
  });
}
