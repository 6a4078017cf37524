import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

/** A Debian package, and what an index says of it. */
export interface DebianPackage {
  readonly fileName: string;
  readonly content: Buffer;
  /** The package's control fields as they stand in it. */
  readonly control: string;
  readonly architecture: string;
}

/**
 * Packs an executable as cloudflared's package, for this machine's architecture.
 *
 * Its maintainer scripts do what those of the real one do
 * (https://github.com/cloudflare/cloudflared: postinst.sh, postrm.sh).
 */
export async function packConnector(executable: string, version: string): Promise<DebianPackage> {
  const architecture = (await run("dpkg", ["--print-architecture"])).trim();
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
    await mkdir(join(tree, "usr/bin"), { recursive: true, mode: 0o755 });
    await writeFile(join(tree, "DEBIAN/control"), control);
    await writeFile(join(tree, "DEBIAN/postinst"), postinst, { mode: 0o755 });
    await writeFile(join(tree, "DEBIAN/postrm"), postrm, { mode: 0o755 });
    await writeFile(join(tree, "usr/bin/cloudflared"), await readFile(executable), { mode: 0o755 });
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
