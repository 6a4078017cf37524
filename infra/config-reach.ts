import { z } from "zod";

const hostname = z
  .string()
  .regex(/^[A-Za-z0-9]([A-Za-z0-9.:-]*[A-Za-z0-9])?$/, "a host name or an address, without user or port");

/**
 * One line of `ssh-keyscan -t ecdsa` (or ed25519, for a Pi without an ECDSA key: infra/host-key.ts has the reason) without
 * the host's name; a comment at its end is dropped. RSA keys are not taken: every Debian has one of the others.
 */
const hostKey = z
  .string()
  .trim()
  .regex(
    /^(ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI|ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB)[A-Za-z0-9+/]{43,}={0,2}( .*)?$/,
    "the line ssh-keyscan -t ecdsa prints (or -t ed25519), without the host's name",
  )
  .transform((line) => line.split(" ").slice(0, 2).join(" "));

const portRange = "a port from 1 to 65535";
const port = z.int(portRange).min(1, portRange).max(65535, portRange);

const userName = z.string().regex(/^[a-z_][a-z0-9_-]*$/, "a user name");

const privateKey = z
  .string()
  .regex(/^-----BEGIN [A-Z ]*PRIVATE KEY-----\n/, "a private key as ssh-keygen writes it")
  .optional();

/** A secret of one line; the newline that `pulumi config set` reads from a pipe belongs to the pipe. */
const password = z
  .string()
  .transform((text) => text.replace(/\r?\n$/, ""))
  .pipe(z.string().regex(/^[^\n\r\0]+$/, "a password of one line"))
  .optional();

const jump = z
  .strictObject({
    host: hostname.meta({
      description: "Name or address of the jump host, as SSH reaches it from where pulumi runs.",
      example: "gate.example.com",
    }),
    port: port.default(22).meta({ description: "TCP port of the jump host's SSH server.", example: "2222" }),
    user: userName.meta({ description: "Who signs in at the jump host.", example: "me" }),
    hostKey: hostKey.meta({
      description: "The jump host's SSH host key, pinned as the Pi's is.",
      example: "\"$(ssh-keyscan -t ecdsa gate.example.com | cut -d' ' -f2-)\"",
    }),
    privateKey: privateKey.meta({
      description:
        "Private key for the jump host. Without one the Pi's, or the SSH agent's, are tried there too.",
      secret: true,
      example: "< ~/.ssh/id_jump",
    }),
    privateKeyPassword: password.meta({
      description: "Password of pi.jump.privateKey, where it has one.",
      secret: true,
      example: "< password.txt",
    }),
  })
  .optional()
  .meta({ description: "An SSH server that the Pi is reached through, as with `ssh -J`." });

/** How the Pi is reached, and what is its own on it. */
export const pi = z
  .strictObject({
    host: hostname.meta({
      description: "Name or address of the Pi, as SSH reaches it from where pulumi runs.",
      example: "raspberrypi.local",
    }),
    port: port.default(22).meta({ description: "TCP port of the Pi's SSH server.", example: "2222" }),
    user: userName.default("pi").meta({
      description:
        "Who signs in by SSH: the user OpenClaw runs as. It may be root, or may use sudo: without a password, or with pi.sudoPassword.",
      example: "pi",
    }),
    hostKey: hostKey.meta({
      description:
        "The Pi's SSH host key, pinned: the line of ssh-keyscan without the host's name. The ECDSA key where the Pi has one, else the ed25519 key.",
      example: "\"$(ssh-keyscan -t ecdsa raspberrypi.local | cut -d' ' -f2-)\"",
    }),
    privateKey: privateKey.meta({
      description: "Private key for SSH. Without one the keys of the SSH agent are tried.",
      secret: true,
      example: "< ~/.ssh/id_ed25519",
    }),
    privateKeyPassword: password.meta({
      description: "Password of pi.privateKey, where it has one.",
      secret: true,
      example: "< password.txt",
    }),
    jump,
    sudoPassword: password.meta({
      description: "What sudo on the Pi asks pi.user for. Not needed where sudo does not ask.",
      secret: true,
      example: "< password.txt",
    }),
    abandoned: z.boolean("true or false").optional().meta({
      description:
        "The Pi is gone for good: up leaves it alone, and destroy takes off the rest without it. Default: false.",
      example: "true",
    }),
    openclawPort: port.default(18789).meta({
      description: "TCP port of OpenClaw's gateway on the Pi's loopback.",
      example: "18789",
    }),
    profile: z
      .string()
      // OpenClaw's own rule, and its own name for none.
      .regex(/^([A-Za-z0-9][A-Za-z0-9_-]{0,63})?$/, "OpenClaw's name of a profile: letters, digits, - and _")
      .refine((name) => name.toLowerCase() !== "default", {
        error: "the name of a profile; the default one is meant when none is set",
      })
      .optional()
      .meta({
        description:
          "OpenClaw's profile on the Pi, as in `openclaw --profile NAME`, where one Pi runs a gateway for each of several people. The default one when not set.",
        example: "anna",
      }),
  })
  .meta({ description: "The machine that runs OpenClaw." });
