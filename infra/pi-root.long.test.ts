import { expect, test } from "vitest";
import { sharedStage } from "../rehearsal/testing/shared-stage.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";
import { runOverSsh } from "./ssh.ts";

const stage = sharedStage();
const key = "openclaw-gateway:pi";
const environment = "export HOME=/root XDG_RUNTIME_DIR=/run/user/0;";

/** On a host of its own, which goes afterwards: another OpenClaw beside pi's, and it is root's. */
test("with pi.user root the steps need no sudo, and root's OpenClaw is set and put back", async () => {
  const { host, workspace, cloudflare } = stage();
  const { code, stderr } = await host.exec(
    "install -d -m 700 /root/.ssh /root/.openclaw && install -m 600 /home/pi/.ssh/authorized_keys /root/.ssh/",
    { asRoot: true },
  );
  expect({ code, stderr }).toMatchObject({ code: 0 });
  // By SSH, since logind answers only who has a session.
  const asRoot = async (command: string): Promise<string> => {
    const { address, port, hostKey, privateKey } = host;
    const ran = await runOverSsh(
      { host: address, port, hostKey, privateKey, user: "root" },
      `${environment} ${command}`,
      "",
      200_000,
    );
    if (ran.code !== 0) throw new Error(`${command}: ${ran.stderr}`);
    return ran.stdout;
  };
  await asRoot(
    "install -m 600 /home/pi/.openclaw/openclaw.json /root/.openclaw/ && sed -i 's/18789/18799/' /root/.openclaw/openclaw.json",
  );
  await asRoot(
    "loginctl enable-linger root && timeout 30 sh -c 'until [ -S /run/user/0/bus ]; do sleep 0.1; done'",
  );
  await asRoot("openclaw gateway install --json");
  await asRoot(
    "timeout 150 sh -c 'until curl -fs -m 5 -o /dev/null http://127.0.0.1:18799/readyz; do sleep 0.2; done'",
  );
  await asRoot("mv /usr/bin/sudo /usr/bin/sudo.away");
  const roots = { ...host, openclawFolder: "/root/.openclaw" };
  const before = await inventoryOf(roots);
  const pis = await inventoryOf(host);

  const stack = await workspace.stack("root", {
    ...stackConfig(stage()),
    [`${key}.user`]: { value: "root" },
    [`${key}.openclawPort`]: { value: "18799" },
  });
  const { outputs } = await stack.up();
  expect(outputs.pi?.value).toMatchObject({ openclaw: "2026.9.6", cloudflared: "2026.8.2" });
  expect(await asRoot("cat /root/.openclaw/openclaw.json")).toContain("chatCompletions");
  expect(await asRoot("systemctl is-active cloudflared-root")).toBe("active\n");
  await stack.destroy();
  expect(cloudflare.resources()).toEqual([]);
  expect(differences(before, await inventoryOf(roots))).toEqual([]);
  expect(differences(pis, await inventoryOf(host))).toEqual([]);
}, 600_000);
