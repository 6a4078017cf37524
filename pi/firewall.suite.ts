import { execFile } from "node:child_process";
import { connect } from "node:net";
import { promisify } from "node:util";
import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { firewallSettings } from "../infra/firewall.ts";
import { type PiOperation, piScript } from "../infra/pi-script.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const script = piScript("firewall", { asRoot: true });
const openPort = 9_099;
/** An address of the documentation's (RFC 5737): never this machine's. */
const elsewhere = "203.0.113.7";
const foreignTables = `
table ip foreign {
  chain count {
    type filter hook input priority -5; policy accept;
    tcp dport 1 counter accept
  }
}
table ip6 foreign {
  set known {
    type ipv6_addr
    elements = { 2001:db8::1 }
  }
}`;

/** The firewall option, on a real Debian with systemd and nftables. */
export function firewallSuite(stage: () => Stage): void {
  const asRoot = async (command: string): Promise<string> => {
    const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, timeoutMs: 60_000 });
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };
  const ruleset = () => asRoot("nft -s list ruleset");
  const until = (condition: string) => asRoot(`timeout 60 sh -c 'until ${condition}; do sleep 0.1; done'`);

  /** Whether a new connection from this machine gets in within a second. */
  const reaches = (port: number): Promise<boolean> =>
    new Promise((resolve) => {
      const socket = connect({ host: stage().host.address, port, timeout: 1_000 });
      const end = (reached: boolean) => {
        socket.destroy();
        resolve(reached);
      };
      socket.once("connect", () => end(true));
      socket.once("timeout", () => end(false));
      socket.once("error", () => end(false));
    });

  /** An ICMP echo request by perl-base; not every machine has a ping. */
  const ping = () =>
    promisify(execFile)("perl", [
      "-MSocket",
      "-e",
      `socket(S, AF_INET, SOCK_RAW, 1) or die; connect(S, sockaddr_in(0, inet_aton($ARGV[0]))); send(S, pack("C2n3", 8, 0, 0xf7fd, 1, 1), 0); alarm 5; do { recv(S, $p, 99, 0) } until substr($p, 20, 1) eq "\\0"`,
      stage().host.address,
    ]);

  describe("the firewall on the Pi", () => {
    let before: Inventory;
    beforeAll(async () => {
      before = await inventoryOf(stage().host);
      await asRoot(
        `systemd-run -q --collect --unit=suite-open --property=Restart=always perl -MSocket -e 'socket(S, AF_INET, SOCK_STREAM, 0); setsockopt(S, SOL_SOCKET, SO_REUSEADDR, 1); bind(S, sockaddr_in(${openPort}, INADDR_ANY)) or die; listen(S, 8); while (accept(C, S)) { push @open, \\*{C}; syswrite C, "hello\\n"; }'`,
      );
      await until(`ss -Hltn "sport = :${openPort}" | grep -q .`);
    });
    afterAll(async () => {
      await asRoot("systemctl stop suite-open 2>/dev/null || true");
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    });

    describe("by its script", () => {
      const run = (
        operation: PiOperation,
        stack = "one",
        { sshFrom = [] as string[], https = false, backAfterSeconds = 30, watchSeconds = 0 } = {},
        options: { asRoot?: boolean } = {},
      ) =>
        stage().host.exec(script.command(operation), {
          stdin: script.stdin({
            ...firewallSettings(stack, { enabled: true, sshFrom, https }),
            watch_seconds: String(watchSeconds),
            back_after_seconds: String(backAfterSeconds),
          }),
          timeoutMs: 60_000,
          ...options,
        });
      const set = async (stack?: string, wish?: Parameters<typeof run>[2]) => {
        for (const operation of ["try", "confirm", "create"] as const)
          expect(await run(operation, stack, wish)).toMatchObject({ code: 0 });
      };
      const setForeignTables = () => asRoot(`nft -f - <<'RULES'\n${foreignTables}\nRULES`);
      let rulesBefore: string;

      beforeEach(async () => {
        await setForeignTables();
        rulesBefore = await ruleset();
      });
      afterEach(async () => {
        for (const stack of ["one", "two"]) await run("delete", stack, {}, { asRoot: true });
        expect(await ruleset()).toBe(rulesBefore);
        await asRoot("nft delete table ip foreign; nft delete table ip6 foreign");
      });

      test("shuts what listens for everybody, and leaves SSH, ping, what is open already and other tables", async () => {
        expect(await reaches(openPort)).toBe(true);
        const open = connect({ host: stage().host.address, port: openPort });
        await new Promise((resolve) => open.once("data", resolve));
        open.on("error", () => {}); // a server that ends with something unread resets the connection
        // The other end alone speaks, as a tunnel's may, and goes on doing so: tracked only while it is watched.
        const speaking = setInterval(() => open.write("x"), 100);
        await set("one", { watchSeconds: 2 });
        clearInterval(speaking);
        expect(await reaches(openPort)).toBe(false);
        const answered = new Promise((resolve) => open.once("close", resolve));
        open.end();
        await until(`ss -Htn state close-wait "sport = :${openPort}" | grep -q .`);
        await asRoot("systemctl restart suite-open");
        await answered;
        expect(await reaches(22)).toBe(true);
        await ping();
        const now = await ruleset();
        const own = now.indexOf("table inet openclaw_gateway");
        expect(now.slice(0, own) + now.slice(now.indexOf("\n}\n", own) + 3)).toBe(rulesBefore);
        expect(now.slice(own)).toMatch(/ipv6-icmp[\s\S]*udp dport 5353[\s\S]*tcp dport 22 accept/);
      });

      longTest("is taken back by itself when nobody new gets in, and is then not taken for set", async () => {
        const tried = await run("try", "one", { sshFrom: [elsewhere], backAfterSeconds: 2 });
        expect(tried.code).toBe(0);
        expect(JSON.parse(tried.stdout).seen_as).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
        expect(await reaches(22)).toBe(false);
        await until("! [ -e /etc/openclaw-gateway-firewall ]");
        expect(await ruleset()).toBe(rulesBefore);
        for (const operation of ["confirm", "create"] as const)
          expect((await run(operation, "one", { sshFrom: [elsewhere] })).stderr).toMatch(
            /^FIREWALL_TAKEN_BACK: /,
          );
      });

      longTest("goes back to what was confirmed before, when a change is not", async () => {
        await set();
        const confirmed = await ruleset();
        await run("try", "one", { sshFrom: [elsewhere], backAfterSeconds: 2 });
        expect(await ruleset()).not.toBe(confirmed);
        await until("! [ -e /etc/openclaw-gateway-firewall/one.trial ]");
        expect(await ruleset()).toBe(confirmed);
      });

      test("is one table of what all stacks on the Pi want", async () => {
        const home = { sshFrom: ["10.0.0.0/8", "192.168.0.0/16"], https: true };
        await set("one", { sshFrom: ["10.0.0.0/8", "2001:db8::/32"] });
        await set("two", home);
        expect(await ruleset()).toMatch(
          /ip saddr 10.0.0.0\/8 tcp dport 22 accept[\s\S]*ip saddr 192.168.0.0\/16 tcp dport 22 accept[\s\S]*ip6 saddr 2001:db8::\/32 tcp dport 22 accept\n\s*tcp dport 443 accept/,
        );
        await run("delete", "one");
        expect(await ruleset()).not.toContain("2001:db8::/32");
        expect(await ruleset()).toContain("tcp dport 443 accept");
        expect((await run("create", "two", home)).code).toBe(0);
      });

      longTest("comes after nftables.service, which empties the ruleset", async () => {
        await set();
        await asRoot("systemctl start nftables");
        try {
          for (const action of ["restart", "reload"]) {
            await asRoot(`systemctl ${action} nftables`);
            await until("nft list table inet openclaw_gateway >/dev/null 2>&1");
          }
        } finally {
          await asRoot("systemctl stop nftables");
          await setForeignTables();
          rulesBefore = await ruleset();
        }
      });

      test.each([
        ["ufw", "mkdir -p /etc/ufw && echo ENABLED=yes >/etc/ufw/ufw.conf", "rm /etc/ufw/ufw.conf"],
        ["firewalld", "systemd-run -q --collect --unit=firewalld sleep 600", "systemctl stop firewalld"],
      ])("is refused beside %s", async (name, on, off) => {
        await asRoot(on);
        try {
          expect((await run("try")).stderr).toMatch(new RegExp(`^FIREWALL_OTHER: ${name} is on`));
        } finally {
          await asRoot(off);
        }
      });

      longTest("is in force after a restart, as it was confirmed and not as it was being tried", async () => {
        await set("one", { https: true });
        const all = await ruleset();
        const confirmed = all.slice(all.indexOf("table inet openclaw_gateway"));
        await run("try", "one", { sshFrom: [elsewhere] });
        const boot = await asRoot("cat /proc/sys/kernel/random/boot_id");
        // A kernel starts with no rules; the container's network outlives its restart.
        await asRoot("nft flush ruleset; systemctl reboot --force --force").catch(() => {});
        for (let now = boot; now === boot; )
          now = await asRoot("cat /proc/sys/kernel/random/boot_id").catch(() => boot);
        await until("curl -fs -m 5 -o /dev/null http://127.0.0.1:18789/readyz");
        expect(await ruleset()).toBe(confirmed);
        await setForeignTables();
        rulesBefore = (await ruleset()).replace(confirmed, "");
      });
    });

    describe("by the program", () => {
      let stack: Stack;
      let rulesBefore: string;
      const firewall = (enabled: boolean, sshFrom: string) =>
        stack.setAllConfig(
          {
            ...stackConfig(stage()),
            "openclaw-gateway:firewall.enabled": { value: String(enabled) },
            "openclaw-gateway:firewall.sshFrom[0]": { value: sshFrom },
          },
          true,
        );

      beforeAll(async () => {
        rulesBefore = await ruleset();
        stack = await stage().workspace.stack("firewall", stackConfig(stage()));
      });
      afterAll(async () => {
        await stack.destroy().catch(() => {});
      });

      longTest(
        "a firewall that shuts this machine out fails, is taken back, and the line it says mends it",
        async () => {
          await firewall(true, elsewhere);
          const refusal = await stack.up().then(
            () => "",
            (error: Error) => error.message,
          );
          expect(refusal).toMatch(
            /FIREWALL_SHUTS_OUT: [\s\S]*It was taken back, and SSH works as before\n\s+the Pi sees this machine as \S+: .*firewall.sshFrom\[1\]' (\S+)/,
          );
          expect(await ruleset()).toBe(rulesBefore);
          const [, key = "", value = ""] = /config set --path '(\S+)' (\S+)/.exec(refusal) ?? [];
          await stack.setConfig(key, { value }, true);
          await stack.up();
          expect(await reaches(22)).toBe(true);
          const again = await stack.up();
          expect(Object.keys(again.summary.resourceChanges ?? {})).toEqual(["same"]);
        },
        200_000,
      );

      longTest(
        "switched off it is gone, and destroy leaves nothing",
        async () => {
          expect(await ruleset()).toContain("openclaw_gateway");
          await firewall(false, elsewhere);
          await stack.up();
          expect(await ruleset()).toBe(rulesBefore);
          await firewall(true, `${stage().host.address}/8`);
          await stack.up();
          expect(await ruleset()).toContain("openclaw_gateway");
          await stack.destroy();
          expect(await ruleset()).toBe(rulesBefore);
        },
        200_000,
      );
    });
  });
}
