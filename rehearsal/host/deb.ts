import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { run } from "./run.ts";

/** A Debian package, and what an index says of it. */
export interface DebianPackage {
  readonly fileName: string;
  readonly content: Buffer;
  /** The package's control fields as they stand in it. */
  readonly control: string;
  readonly architecture: string;
}

/** Debian's name for this machine's architecture. */
export const ownArchitecture = async (): Promise<string> =>
  (await run("dpkg", ["--print-architecture"])).trim();

/**
 * Packs a stand-in as cloudflared's package.
 *
 * Its maintainer scripts do what those of the real one do
 * (https://github.com/cloudflare/cloudflared: postinst.sh, postrm.sh).
 *
 * @param architecture Debian's name for it, of the machine that installs the package
 * @param programs executables by their path without the leading slash; `usr/bin/cloudflared` among them
 */
export async function packConnector({
  version,
  architecture,
  programs,
}: {
  readonly version: string;
  readonly architecture: string;
  readonly programs: Readonly<Record<string, string | Buffer>>;
}): Promise<DebianPackage> {
  const control = [
    "Package: cloudflared",
    `Version: ${version}`,
    `Architecture: ${architecture}`,
    "Maintainer: The rehearsal <rehearsal@example.invalid>",
    "Section: default",
    "Priority: optional",
    "Description: Stand-in for Cloudflare's tunnel connector",
    "",
  ].join("\n");
  const folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-deb-"));
  try {
    const tree = join(folder, "tree");
    await mkdir(join(tree, "DEBIAN"), { recursive: true, mode: 0o755 });
    await writeFile(join(tree, "DEBIAN/control"), control);
    await writeFile(join(tree, "DEBIAN/postinst"), postinst, { mode: 0o755 });
    await writeFile(join(tree, "DEBIAN/postrm"), postrm, { mode: 0o755 });
    for (const [path, content] of Object.entries(programs)) {
      await mkdir(dirname(join(tree, path)), { recursive: true, mode: 0o755 });
      await writeFile(join(tree, path), content, { mode: 0o755 });
    }
    const fileName = `cloudflared_${version}_${architecture}.deb`;
    await run("dpkg-deb", ["--root-owner-group", "-Zgzip", "--build", tree, join(folder, fileName)]);
    return { fileName, content: await readFile(join(folder, fileName)), control, architecture };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const postinst = `#!/bin/sh
set -eu
ln -sf /usr/bin/cloudflared /usr/local/bin/cloudflared
mkdir -p /usr/local/etc/cloudflared
touch /usr/local/etc/cloudflared/.installedFromPackageManager
`;

const postrm = `#!/bin/sh
set -eu
rm -f /usr/local/bin/cloudflared /usr/local/etc/cloudflared/.installedFromPackageManager
`;
