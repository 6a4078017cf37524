import { z } from "zod";

export const cloudflared = z
  .strictObject({
    version: z
      .string()
      .regex(/^(20\d\d\.\d{1,2}\.\d{1,2})?$/, "a version such as 2026.8.2")
      .refine((version) => version === "" || !isOlder(version, [2025, 7, 0]), {
        message: "2025.7.0 or later, which Workers VPC needs",
      })
      .default("")
      .meta({
        description:
          "The exact version of cloudflared on the Pi, installed whether that is an upgrade or not. When not set, the repository's, or the one that is there already.",
        example: "2026.8.2",
      }),
    upgrades: z
      .enum(["apt", "hold", "unattended"], { error: "apt, hold or unattended" })
      .default("apt")
      .meta({
        description:
          "How cloudflared is upgraded later: apt, with whatever upgrades the Pi's packages; hold, only by a new version here; unattended, by unattended-upgrades where the Pi has it, and the connector then starts anew.",
        example: "unattended",
      }),
  })
  .prefault({})
  .meta({ description: "The tunnel's connector on the Pi." });

/** Whether a version of dotted numbers is older than another. */
export function isOlder(version: string, oldest: readonly number[]): boolean {
  const parts = version.split(".").map(Number);
  const index = oldest.findIndex((part, position) => part !== parts[position]);
  return index >= 0 && (parts[index] ?? 0) < (oldest[index] ?? 0);
}

export const firewall = z
  .strictObject({
    enabled: z.boolean("true or false").default(false).meta({
      description:
        "Whether the Pi drops what comes in from outside, but for SSH, ping and what its network needs. The tunnel needs no open port; nor does the firewall change what goes out.",
      example: "true",
    }),
    sshFrom: z
      .array(
        z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()], {
          error: "an address such as 192.168.1.20, or a network such as 192.168.1.0/24",
        }),
      )
      .default([])
      .meta({
        description:
          "From where SSH is let in, for all stacks on the Pi together. From anywhere when not set. The machine that runs pulumi must be among them.",
        example: "192.168.1.0/24",
      }),
    https: z.boolean("true or false").default(false).meta({
      description: "Whether TCP port 443 stays open, for a server that shows more than this gateway.",
      example: "true",
    }),
  })
  .prefault({})
  .meta({ description: "The Pi's own firewall." });

export const auditLog = z
  .strictObject({
    enabled: z.boolean("true or false").default(false).meta({
      description:
        "Whether the Pi keeps an audit trail of its own: what OpenClaw ran and what the connector did, never its content.",
      example: "true",
    }),
    path: z
      .string()
      // No underscore, which stands for a slash in the name of logrotate's file.
      .regex(
        /^\/var\/log(\/[A-Za-z0-9][A-Za-z0-9.-]*)+$/,
        "a file below /var/log/, its path of letters, digits, dots and dashes",
      )
      .refine((path) => !path.includes(".."), "a path without ..")
      .default("/var/log/openclaw/audit.log")
      .meta({
        description: "The file it is written to, below /var/log/. Several stacks may share one.",
        example: "/var/log/openclaw/audit.log",
      }),
    keepOnDestroy: z.boolean("true or false").default(true).meta({
      description: "Whether the file stays on the Pi when the stack is destroyed.",
      example: "false",
    }),
  })
  .prefault({})
  .meta({ description: "An audit trail on the Pi, as a file." });
