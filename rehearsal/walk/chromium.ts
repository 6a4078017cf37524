import { createHash } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import { ensurePrograms } from "../host/requirements.ts";
import type { Progress } from "../progress.ts";

/** The Chromium that is started: Debian's, or the one that CHROMIUM names. */
export const chromiumProgram = (): string => process.env.CHROMIUM ?? "/usr/bin/chromium";

/** Installs Debian's Chromium where no other is named and there is none. @throws Error as ensurePrograms does */
export async function ensureChromium(progress: Progress): Promise<void> {
  if (process.env.CHROMIUM !== undefined) return;
  await progress.step("Chromium", () => ensurePrograms({ chromium: "chromium" }));
}

/**
 * What every Chromium of a test or a rehearsal starts with: it calls nobody by itself. Chromium's own sandbox refuses
 * to run for root, which a rehearsal needs to be; the browser opens nothing but the rehearsed pages.
 */
export const chromiumFlags: readonly string[] = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-first-run",
];

/** Where the rehearsed edge is, and who vouches for its names. */
export interface EdgeAddress {
  /** The gateway's name and the team's. */
  readonly hostnames: readonly string[];
  readonly edgeAddress: string;
  /** PEM. */
  readonly caCertificate: string;
}

/**
 * The flags that lead a Chromium to the rehearsed edge, by real names and with no certificate error but theirs passed
 * over. The edge's certificates are first verified against the rehearsal's authority, and Chromium then takes exactly
 * their keys: whoever answers has to own one. No trust store is touched, and other sites' certificates count as ever.
 *
 * @throws Error when the edge shows a certificate that the authority has not signed for that name
 */
export async function flagsToEdge({
  hostnames,
  edgeAddress,
  caCertificate,
}: EdgeAddress): Promise<readonly string[]> {
  const keys = await Promise.all(hostnames.map((hostname) => keyOf(hostname, edgeAddress, caCertificate)));
  return [
    `--host-resolver-rules=${hostnames.map((name) => `MAP ${name} ${edgeAddress}`).join(", ")}`,
    `--ignore-certificate-errors-spki-list=${[...new Set(keys)].join(",")}`,
  ];
}

/** SHA-256 of the public key that the edge proves for this name, in base64, as RFC 7469 (2.4) pins one. */
async function keyOf(hostname: string, address: string, ca: string): Promise<string> {
  const socket = connect({ host: address, port: 443, servername: hostname, ca, timeout: 10_000 });
  socket.once("timeout", () => socket.destroy(new Error(`${address} shows no certificate for ${hostname}`)));
  try {
    await once(socket, "secureConnect");
    const key = socket.getPeerX509Certificate()?.publicKey.export({ format: "der", type: "spki" });
    if (!key) throw new Error(`${address} shows no certificate for ${hostname}`);
    return createHash("sha256").update(key).digest("base64");
  } finally {
    socket.destroy();
  }
}
