import type { PiConfig } from "./config.ts";

/** One SSH server on the way to the Pi, and what signs in there: the Pi itself, or the jump host before it. */
export interface SshDoor {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly hostKey: string;
  readonly privateKey?: string | undefined;
  readonly privateKeyPassword?: string | undefined;
  /** How a refusal calls it. */
  readonly name: "the Pi" | "the jump host";
  /** The config key below which its address and host key stand. */
  readonly key: "pi" | "pi.jump";
  /** The config key below which its private key stands: a jump host without one is shown the Pi's. */
  readonly signInKey: "pi" | "pi.jump";
  /** The jump host that stands before it. */
  readonly behind?: SshDoor | undefined;
}

/** What leads to a Pi; less than its whole config, since a command that was recorded has no more. */
export type WayToPi = Pick<
  PiConfig,
  "host" | "port" | "user" | "hostKey" | "privateKey" | "privateKeyPassword" | "jump"
>;

/** The Pi's door; the jump host's, where there is one, is `behind` it. */
export function doorOf(pi: WayToPi): SshDoor {
  const { host, port, user, hostKey, privateKey, privateKeyPassword, jump } = pi;
  const own = { privateKey, privateKeyPassword };
  const behind: SshDoor | undefined = jump && {
    ...jump,
    ...(jump.privateKey === undefined ? own : {}),
    name: "the jump host",
    key: "pi.jump",
    signInKey: jump.privateKey === undefined ? "pi" : "pi.jump",
  };
  return { host, port, user, hostKey, ...own, name: "the Pi", key: "pi", signInKey: "pi", behind };
}

/** How a person signs in by hand: the arguments of `ssh`. */
export const sshTarget = ({
  user,
  host,
  port,
  behind,
}: Pick<SshDoor, "user" | "host" | "port" | "behind">): string =>
  `${behind ? `-J ${jumpText(behind)} ` : ""}${port === 22 ? "" : `-p ${port} `}${user}@${host}`;

/** As ssh(1) takes it behind -J. */
const jumpText = ({ user, host, port }: SshDoor): string =>
  `${user}@${host.includes(":") ? `[${host}]` : host}${port === 22 ? "" : `:${port}`}`;
