import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "./run.ts";

/** A signed release file in the forms that apt asks for, and the key to check it with. */
export interface SignedRelease {
  /** Clear-signed. */
  readonly inRelease: string;
  /** Detached, ASCII-armoured. */
  readonly releaseGpg: string;
  /** The public key, base64 of its binary form. */
  readonly keyringBase64: string;
  /** The key's fingerprint: 40 hexadecimal digits in capitals. */
  readonly fingerprint: string;
}

/** Signs a release file with an OpenPGP key made for this one call and forgotten after it. */
export async function signRelease(release: string): Promise<SignedRelease> {
  const home = await mkdtemp(join(tmpdir(), "openclaw-gateway-gpg-"));
  const gpg = (args: readonly string[], stdin = "") =>
    run("gpg", ["--homedir", home, "--batch", "--quiet", "--no-tty", ...args], { stdin });
  try {
    await gpg([
      "--passphrase",
      "",
      "--quick-generate-key",
      "openclaw-gateway rehearsal",
      "ed25519",
      "sign",
      "7d",
    ]);
    return {
      inRelease: await gpg(["--clearsign"], release),
      releaseGpg: await gpg(["--armor", "--detach-sign"], release),
      keyringBase64: dearmor(await gpg(["--armor", "--export"])),
      fingerprint: /^fpr:+([0-9A-F]{40}):/m.exec(await gpg(["--with-colons", "--list-keys"]))?.[1] ?? "",
    };
  } finally {
    for (const action of [["--kill", "gpg-agent"], ["--remove-socketdir"]])
      await run("gpgconf", ["--homedir", home, ...action]);
    await rm(home, { recursive: true, force: true });
  }
}

/** The base64 body of an armoured block: between the empty line and the checksum line (RFC 9580, 6.2). */
function dearmor(armoured: string): string {
  const body = armoured.split(/\n\s*\n/)[1] ?? "";
  return body
    .split("\n")
    .filter((line) => line && !line.startsWith("=") && !line.startsWith("-----"))
    .join("");
}
