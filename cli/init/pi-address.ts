import { configSchema } from "../../infra/config.ts";
import { Refusal } from "../../infra/refusal.ts";
import { wrongBy } from "./setup.ts";

/** Where the Pi is and who signs in there. */
export interface PiAddress {
  readonly user: string;
  readonly host: string;
  readonly port: number;
}

const { user: userRule, host: hostRule, port: portRule } = configSchema.shape.pi.shape;

/**
 * Reads `[user@]host[:port]`, as ssh's own `user@host` with the port behind; an IPv6 address stands in brackets where a
 * port follows (RFC 3986, 3.2.2).
 *
 * @throws Refusal
 */
export function parsePiAddress(text: string): PiAddress {
  const [, user = "pi", bracketed, plain, port = "22"] =
    /^(?:([^@]+)@)?(?:\[([0-9A-Fa-f:.]+)\]|([^@[\]:]*))(?::(\d+))?$/.exec(ipv6Whole(text.trim())) ?? [];
  const host = bracketed ?? plain ?? "";
  const wrong = wrongBy(userRule, user) ?? wrongBy(hostRule, host) ?? wrongBy(portRule, Number(port));
  if (wrong)
    throw new Refusal(
      "PI_ADDRESS",
      `${JSON.stringify(text)} is no address of a Pi (${wrong})`,
      "wanted: [USER@]HOST[:PORT], such as pi@raspberrypi.local or pi@192.168.1.20:2222",
    );
  return { user, host, port: Number(port) };
}

/** A bare IPv6 address has colons of its own: all of it is the host. */
const ipv6Whole = (text: string): string =>
  text.replace(/^([^@]+@)?([0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$/, "$1[$2]");

/** As {@link parsePiAddress} reads it. */
export const piAddressText = ({ user, host, port }: PiAddress): string =>
  `${user}@${host.includes(":") ? `[${host}]` : host}${port === 22 ? "" : `:${port}`}`;
