import { createHash } from "node:crypto";
import type ssh2 from "ssh2";
import { type SshDoor, sshTarget } from "./ssh-door.ts";

/**
 * The kinds of host key that golang.org/x/crypto/ssh asks for, in its order, when its caller names none
 * (`defaultHostKeyAlgos` in ssh/common.go, read in v0.43, v0.48 and v0.55; its certificate kinds come before these, and
 * a home Pi has none). A host shows the first kind that it has a key of (RFC 4253, 7.1).
 *
 * pulumi-command dials with that package. Whether its 1.2.1 asks for the pinned kind alone is not known: a look that
 * asks in this order sees the key that the plugin sees in the worst case.
 */
export const goHostKeyOrder: ssh2.ServerHostKeyAlgorithm[] = [
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "rsa-sha2-256",
  "rsa-sha2-512",
  "ssh-rsa",
  "ssh-ed25519",
];

/** A host key as `ssh-keyscan` prints it behind the host's name: its type and its base64. */
export const hostKeyLine = (blob: Buffer): string => `${hostKeyType(blob)} ${blob.toString("base64")}`;

/** A key's wire format begins with its type, behind a length of four bytes (RFC 4253, 6.6). */
function hostKeyType(blob: Buffer): string {
  const length = blob.length >= 4 ? blob.readUInt32BE(0) : 0;
  return blob.subarray(4, 4 + length).toString("latin1");
}

/** As `ssh-keygen -l` shows it: SHA256, base64 without padding. */
export const fingerprint = (line: string): string =>
  `SHA256:${createHash("sha256")
    .update(Buffer.from(line.split(" ")[1] ?? "", "base64"))
    .digest("base64")
    .replace(/=+$/, "")}`;

/** What `ssh-keyscan -t` and the files of /etc/ssh call a type: ecdsa, ed25519 or rsa. */
export const shortType = (line: string): string =>
  /^(?:ssh-)?(ecdsa|ed25519|rsa)/.exec(line)?.[1] ?? line.split(" ", 1)[0] ?? "";

/** The command that pins the key of this type that a host shows now; behind a jump host, that one asks it. */
export function pinCommand(
  { host, port, key = "pi", behind }: Pick<SshDoor, "host" | "port"> & Partial<SshDoor>,
  type = "ecdsa",
): string {
  const scan = `ssh-keyscan -t ${type} ${port === 22 ? "" : `-p ${port} `}${host}`;
  const asked = behind ? `ssh ${sshTarget(behind)} ${scan}` : scan;
  return `npx pulumi config set --path openclaw-gateway:${key}.hostKey "$(${asked} | cut -d' ' -f2-)"`;
}
