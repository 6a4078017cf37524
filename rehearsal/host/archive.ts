import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { DebianPackage } from "./deb.ts";
import { signRelease } from "./signing.ts";

/** Files of an archive by their path below its address. */
export type ArchiveFiles = Map<string, Buffer>;

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/**
 * Lays out Cloudflare's apt archive with one package: suite `any`, component `main`, and the two keyrings that its
 * documentation has named (cloudflare-main.gpg, and cloudflare-public-v2.gpg in between).
 *
 * Formats: https://wiki.debian.org/DebianRepository/Format
 */
export async function layOutArchive(deb: DebianPackage): Promise<ArchiveFiles> {
  const pool = `pool/main/c/cloudflared/${deb.fileName}`;
  const entry = [`Filename: ${pool}`, `Size: ${deb.content.length}`, `SHA256: ${sha256(deb.content)}`, ""];
  const packages = Buffer.from(`${deb.control.trimEnd()}\n${entry.join("\n")}`);
  const indexes = new Map([
    [`main/binary-${deb.architecture}/Packages`, packages],
    [`main/binary-${deb.architecture}/Packages.gz`, gzipSync(packages)],
  ]);
  const release = releaseFile(deb.architecture, indexes);
  const { inRelease, releaseGpg, keyringBase64 } = await signRelease(release);
  const keyring = Buffer.from(keyringBase64, "base64");
  const suite = "/cloudflared/dists/any";
  return new Map([
    ["/cloudflare-main.gpg", keyring],
    ["/cloudflare-public-v2.gpg", keyring],
    [`${suite}/InRelease`, Buffer.from(inRelease)],
    [`${suite}/Release`, Buffer.from(release)],
    [`${suite}/Release.gpg`, Buffer.from(releaseGpg)],
    ...[...indexes].map(([path, content]): [string, Buffer] => [`${suite}/${path}`, content]),
    [`/cloudflared/${pool}`, deb.content],
  ]);
}

const releaseFile = (architecture: string, indexes: ArchiveFiles): string =>
  [
    "Origin: cloudflared",
    "Label: cloudflared",
    "Suite: any",
    "Codename: any",
    `Date: ${new Date().toUTCString()}`,
    `Architectures: ${architecture}`,
    "Components: main",
    "SHA256:",
    ...[...indexes].map(([path, content]) => ` ${sha256(content)} ${content.length} ${path}`),
    "",
  ].join("\n");
