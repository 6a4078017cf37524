import ssh2 from "ssh2";
import type { SshDoor } from "./ssh-door.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

/**
 * Looks at the configured key before it is used, since a key that cannot be read is refused by every host.
 *
 * @throws PiUnreachable when it is a public key, does not open with its password, or is no key that SSH knows
 */
export function requireUsableKey({ privateKey, privateKeyPassword, signInKey }: SshDoor): void {
  if (privateKey === undefined) return;
  const key = `openclaw-gateway:${signInKey}.privateKey`;
  const set = `npx pulumi config set --path --secret ${key} < FILE`;
  const parsed = ssh2.utils.parseKey(privateKey, privateKeyPassword);
  if (parsed instanceof Error && isProtected(privateKey))
    throw new PiUnreachable(
      "PI_KEY_PASSWORD",
      privateKeyPassword === undefined
        ? `${key} is protected by a password, which nobody is there to type`
        : `${key} is protected by another password than ${key}Password`,
      `put its password into the stack, encrypted (it is asked for, and not shown): npx pulumi config set --path --secret ${key}Password\n    or give the key to your SSH agent instead: npx pulumi config rm --path ${key} && ssh-add FILE`,
    );
  if (parsed instanceof Error)
    throw new PiUnreachable(
      "PI_KEY_FORMAT",
      `${key} is not a private key in a format that SSH here reads (OpenSSH or PEM)`,
      `set the whole file, with its BEGIN and END lines: ${set}\n    an older format is turned into OpenSSH's by: ssh-keygen -p -f FILE; a key of PuTTY (.ppk) is turned into one by: puttygen KEY.ppk -O private-openssh -o FILE`,
    );
  if (!parsed.isPrivateKey())
    throw new PiUnreachable(
      "PI_KEY_FORMAT",
      `${key} is the public key; signing in takes the private one`,
      `it is in the file of the same name without .pub: ${set}`,
    );
}

/** Whether a key does not open without a password. */
export function isProtected(privateKey: string): boolean {
  const parsed = ssh2.utils.parseKey(privateKey);
  return parsed instanceof Error && /encrypted/i.test(parsed.message);
}
