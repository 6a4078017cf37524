import type { PiConfig } from "../../../infra/config.ts";

/** Where another machine's SSH is, as a person writes it: `[user@]host[:port]`, an IPv6 address in brackets. */
export type Target = Pick<PiConfig, "user" | "host" | "port">;

/** @throws Error in words when the text is no such address */
export function parseTarget(text: string): Target {
  const parts =
    /^(?:([a-z_][a-z0-9_-]*)@)?(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/.exec(text);
  const port = Number(parts?.[3] ?? 22);
  if (!parts || port < 1 || port > 65535)
    throw new Error(
      `--pi takes user@host or user@host:port, such as pi@raspberrypi.local, and not "${text}".`,
    );
  return { user: parts[1] ?? "pi", host: (parts[2] ?? "").replace(/^\[|\]$/g, ""), port };
}

/** The same as an argument for the command line. */
export const targetText = ({ user, host, port }: Target): string =>
  `${user}@${host.includes(":") ? `[${host}]` : host}${port === 22 ? "" : `:${port}`}`;
