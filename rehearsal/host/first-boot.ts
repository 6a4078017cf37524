import { createHash } from "node:crypto";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createCertificateAuthority } from "../ca.ts";
import { cached } from "../cache.ts";
import { guestRoot } from "./container.ts";
import { awaitOpenClaw, bootHost, type RehearsedHost } from "./host.ts";
import type { HostAssets } from "./prepare.ts";
import { run } from "./run.ts";
import { compileCache } from "./settings.ts";
import { takeSlot } from "./slot.ts";

/** Big, derived from OpenClaw's own files and the same on every host: the layer that all starts share. */
const caches = ["home/pi/.openclaw/cache", "var/tmp/openclaw-compile-cache"];

/** What `openclaw gateway install` and `loginctl enable-linger` wrote. */
const installation = ["home/pi/.config/systemd", "var/lib/systemd/linger"];

/**
 * Sets OpenClaw up on a host once, the way its user would: lingering, `openclaw gateway install`, the drop-in for a
 * Pi; and keeps the result, together with the caches that OpenClaw fills on its first start (compiled code, the
 * Control UI's compressed files). Nothing that belongs to one host is kept: no keys, no token, no database.
 *
 * A later host starts with this and is ready in a third of the time.
 */
export async function prepareFirstBoot(
  { layers }: HostAssets,
  detail: (text: string) => void,
): Promise<HostAssets> {
  const steps = await readFile(fileURLToPath(import.meta.url));
  const recipe = createHash("sha256").update(JSON.stringify(layers)).update(steps).digest("hex").slice(0, 12);
  const folder = await cached(`host-openclaw-installed-${process.arch}-${recipe}`, async (draft) => {
    const ca = await createCertificateAuthority();
    const slot = await takeSlot();
    try {
      const options = { slot, index: 0, name: "raspberrypi", ca };
      const host = await bootHost({ layers }, options, { chatCompletions: true });
      try {
        await install(host, detail);
        await warmUp(host, detail);
        const root = await guestRoot(host.containerPid);
        await keep(root, join(draft, "caches"), caches);
        await keep(root, join(draft, "installation"), installation);
      } finally {
        await host.stop();
      }
    } finally {
      await slot.release();
    }
  });
  return { layers: [join(folder, "caches"), ...layers], home: join(folder, "installation") };
}

async function install(host: RehearsedHost, detail: (text: string) => void): Promise<void> {
  detail("openclaw gateway install");
  await asUser(host, "sudo loginctl enable-linger pi");
  await asUser(host, "openclaw gateway install --json");
  // Only now: OpenClaw's installer takes a drop-in that was there before its unit for somebody else's change.
  await asUser(host, `mkdir -p ${dropInFolder} && cat >${dropInFolder}/pi.conf`, dropIn);
  await asUser(host, "systemctl --user daemon-reload && systemctl --user restart openclaw-gateway.service");
  detail("OpenClaw's first start");
  await awaitOpenClaw(host);
}

/** Goes once through what a rehearsal will do, so that the code for it is in the compile cache. */
async function warmUp(host: RehearsedHost, detail: (text: string) => void): Promise<void> {
  detail("a first answer");
  const question = JSON.stringify({ messages: [{ role: "user", content: "Are you there?" }] });
  const url = "http://127.0.0.1:18789/v1/chat/completions";
  await asUser(
    host,
    `curl -fsS -m 90 -o /dev/null -H @- -H 'Content-Type: application/json' -d '${question}' ${url}`,
    `Authorization: Bearer ${host.gatewayToken}\n`,
  );
  await asUser(host, "openclaw config patch --stdin", "{ update: { checkOnStart: false } }");
  await asUser(host, "openclaw devices list --json");
  detail("OpenClaw stops"); // Node writes its compile cache when it ends
  await asUser(host, "systemctl --user stop openclaw-gateway.service");
}

async function asUser(host: RehearsedHost, command: string, stdin = ""): Promise<void> {
  const { code, stdout, stderr } = await host.exec(command, { stdin, timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`On the host, "${command}" failed (exit ${code}): ${stderr || stdout}`);
}

/** Copies paths with the folders above them, owners and modes included. */
async function keep(root: string, into: string, paths: readonly string[]): Promise<void> {
  await mkdir(into, { mode: 0o755 });
  await run("cp", ["--archive", "--parents", ...paths, into], { cwd: root });
}

const dropInFolder = "~/.config/systemd/user/openclaw-gateway.service.d";

// The first three lines are what OpenClaw advises for a Pi (docs/install/raspberry-pi.md).
const dropIn = `[Service]
Environment=OPENCLAW_NO_RESPAWN=1
Environment=${compileCache}
TimeoutStartSec=90
# The rehearsal reaches nothing outside: no look for updates, no announcements on the LAN.
Environment=OPENCLAW_NO_AUTO_UPDATE=1
Environment=OPENCLAW_DISABLE_BONJOUR=1
`;
