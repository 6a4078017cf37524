import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Stage } from "../rehearsal/stage.ts";
import { flagsToEdge } from "../rehearsal/walk/chromium.ts";
import type { BuiltGateway } from "../rehearsal/walk/walk.ts";

/** Keeps what ssh needs to reach the rehearsed Pi beside the visitor's files; the way to another machine is known. */
export async function writePiKey({ workspace, host }: Stage): Promise<void> {
  if (host.ownModel || host.privateKey === undefined) return;
  await writeFile(join(workspace.folder, "visitor", "pi-key"), host.privateKey, { mode: 0o600 });
  await writeFile(join(workspace.folder, "visitor", "known_hosts"), `${host.address} ${host.hostKey}\n`);
}

/** The lines with which a person uses the running chain; secrets stay in files of mode 0600. */
export async function howToUse(
  { ca, cloudflare, workspace, host }: Stage,
  { url, visitor }: BuiltGateway,
): Promise<string> {
  const { hostname } = new URL(url);
  const body = `'{"model":"openclaw","messages":[{"role":"user","content":"Hello"}]}'`;
  const visitorFolder = join(workspace.folder, "visitor");
  const toEdge = await flagsToEdge({
    hostnames: [hostname, cloudflare.teamDomain],
    edgeAddress: cloudflare.edgeAddress,
    caCertificate: ca.certificate,
  });
  return [
    "The chain stands. Ask it something:",
    `  curl ${visitor.route.join(" ")} -H @${visitor.headersFile} -H 'content-type: application/json' -d ${body} ${url}/v1/chat/completions`,
    "",
    "Open it in a browser, with a profile of its own (log in as owner@example.com):",
    `  chromium --user-data-dir="$(mktemp -d)" ${toEdge.map((flag) => `'${flag}'`).join(" ")} ${url}/chat.html`,
    "",
    "Look at the Pi:",
    host.ownModel
      ? `  ssh -p ${host.port} ${host.user}@${host.address}`
      : `  ssh -i ${join(visitorFolder, "pi-key")} -o UserKnownHostsFile=${join(visitorFolder, "known_hosts")} ${host.user}@${host.address}`,
  ].join("\n");
}
