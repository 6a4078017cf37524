import { readFile } from "node:fs/promises";
import { basename } from "node:path";
import { type DebianPackage, ownArchitecture } from "./deb.ts";
import { capture, lastLines } from "./run.ts";

/** cloudflared's package as Cloudflare publishes it. */
export interface RealPackage extends DebianPackage {
  readonly version: string;
}

/** Workers VPC needs it: https://developers.cloudflare.com/workers-vpc/configuration/tunnel/ */
const oldestVersion = "2025.7.0";

/**
 * Reads a file as cloudflared's package for this machine.
 *
 * @throws Error that says what the file is instead
 */
export async function readRealPackage(file: string): Promise<RealPackage> {
  const content = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    throw new Error(`--cloudflared ${file} cannot be read: ${error.message}`);
  });
  const { code, stdout: control, stderr } = await capture("dpkg-deb", ["--field", file]);
  if (code !== 0) throw new Error(`--cloudflared ${file} is not a Debian package: ${lastLines(stderr, 1)}`);
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, "m").exec(control)?.[1] ?? "";
  const [name, version, architecture] = ["Package", "Version", "Architecture"].map(field) as [
    string,
    string,
    string,
  ];
  if (name !== "cloudflared")
    throw new Error(`--cloudflared ${file} is the package ${name}, not cloudflared.`);
  const own = await ownArchitecture();
  if (architecture !== own)
    throw new Error(
      `--cloudflared ${file} is for ${architecture}, and this machine is ${own}: take cloudflared-linux-${own}.deb.`,
    );
  const { code: older } = await capture("dpkg", ["--compare-versions", version, "lt", oldestVersion]);
  if (older === 0)
    throw new Error(
      `--cloudflared ${file} is version ${version}, and the program needs ${oldestVersion} or later.`,
    );
  return { fileName: basename(file), content, control: `${control.trimEnd()}\n`, architecture, version };
}
