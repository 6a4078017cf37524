import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { DebianPackage } from "./deb.ts";
import { signRelease } from "./signing.ts";

/** Files by their path. */
type Files = Map<string, Buffer>;

export interface Archive {
  /** By their path below the archive's address. */
  readonly files: Files;
  /** Of the key that it is signed with. */
  readonly keyFingerprint: string;
}

/** Debian's names of those that a Pi may have, and that Cloudflare has packages for. */
const architectures = ["amd64", "arm64", "armhf"];

const sha256 = (content: Buffer): string => createHash("sha256").update(content).digest("hex");

/**
 * Lays out Cloudflare's apt archive with one package, whose index has it for other architectures too: suite `any`, component `main`, and the two keyrings that its
 * documentation has named (cloudflare-main.gpg, and cloudflare-public-v2.gpg in between).
 *
 * Formats: https://wiki.debian.org/DebianRepository/Format
 */
export async function layOutArchive(deb: DebianPackage): Promise<Archive> {
  const pool = "pool/main/c/cloudflared";
  const indexes: Files = new Map(
    [...new Set([deb.architecture, ...architectures])].flatMap((architecture) => {
      const inPlace = (text: string) => text.replaceAll(deb.architecture, architecture);
      const entry = [
        `Filename: ${pool}/${inPlace(deb.fileName)}`,
        `Size: ${deb.content.length}`,
        `SHA256: ${sha256(deb.content)}`,
        "",
      ];
      const packages = Buffer.from(`${inPlace(deb.control.trimEnd())}\n${entry.join("\n")}`);
      return [
        [`main/binary-${architecture}/Packages`, packages],
        [`main/binary-${architecture}/Packages.gz`, gzipSync(packages)],
      ] as const;
    }),
  );
  const release = releaseFile([...new Set([deb.architecture, ...architectures])].join(" "), indexes);
  const { inRelease, releaseGpg, keyringBase64, fingerprint } = await signRelease(release);
  const keyring = Buffer.from(keyringBase64, "base64");
  const suite = "/cloudflared/dists/any";
  const files: Files = new Map([
    ["/cloudflare-main.gpg", keyring],
    ["/cloudflare-public-v2.gpg", keyring],
    [`${suite}/InRelease`, Buffer.from(inRelease)],
    [`${suite}/Release`, Buffer.from(release)],
    [`${suite}/Release.gpg`, Buffer.from(releaseGpg)],
    ...[...indexes].map(([path, content]): [string, Buffer] => [`${suite}/${path}`, content]),
    [`/cloudflared/${pool}/${deb.fileName}`, deb.content],
  ]);
  return { files, keyFingerprint: fingerprint };
}

const releaseFile = (architectures: string, indexes: Files): string =>
  [
    "Origin: cloudflared",
    "Label: cloudflared",
    "Suite: any",
    "Codename: any",
    `Date: ${new Date().toUTCString()}`,
    `Architectures: ${architectures}`,
    "Components: main",
    "SHA256:",
    ...[...indexes].map(([path, content]) => ` ${sha256(content)} ${content.length} ${path}`),
    "",
  ].join("\n");
