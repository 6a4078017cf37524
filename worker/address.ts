/** Ranges that no client on the internet has, as [first octets, prefix length] (RFC 6890, RFC 6598, RFC 5771). */
const NOT_PUBLIC_IPV4: readonly (readonly [network: number, prefix: number])[] = [
  [0x00000000, 8], // this network
  [0x0a000000, 8], // private
  [0x64400000, 10], // shared by a carrier
  [0x7f000000, 8], // loopback
  [0xa9fe0000, 16], // link-local
  [0xac100000, 12], // private
  [0xc0a80000, 16], // private
  [0xe0000000, 4], // multicast
  [0xffffffff, 32], // broadcast
  // 240.0.0.0/4 stays: Cloudflare's Pseudo IPv4 gives IPv6 clients such addresses
];

/**
 * One public IP address in its canonical form, or nothing. Nothing else may stand in X-Forwarded-For: OpenClaw
 * takes a caller without a forwarded address for one on its own machine, and pairs its devices without asking.
 */
export function publicAddress(value: string | null): string | undefined {
  if (!value) return undefined;
  return value.includes(":") ? publicIpv6(value) : publicIpv4(value);
}

function publicIpv4(value: string): string | undefined {
  if (!IPV4.test(value)) return undefined;
  let address = 0;
  for (const octet of value.split(".")) {
    if (Number(octet) > 255) return undefined;
    address = address * 256 + Number(octet);
  }
  const hidden = NOT_PUBLIC_IPV4.some(([network, prefix]) => (address ^ network) >>> (32 - prefix) === 0);
  return hidden ? undefined : value;
}

const IPV4 = /^(?:(?:0|[1-9]\d{0,2})(?:\.(?!$)|$)){4}$/;

/** Only global unicast, 2000::/3 (RFC 4291, 2.4): loopback, link-local, unique local and mapped IPv4 fall outside. */
function publicIpv6(value: string): string | undefined {
  if (!/^[0-9a-f:.]{2,45}$/i.test(value) || !URL.canParse(`http://[${value}]/`)) return undefined;
  const canonical = new URL(`http://[${value}]/`).hostname.slice(1, -1);
  return /^[23][0-9a-f]{3}:/.test(canonical) ? canonical : undefined;
}

/**
 * What one subscriber has at least: an IPv4 address, or an IPv6 /64, whose 2^64 addresses are one host's to choose from
 * (RFC 4291, 2.5.4; RFC 8981).
 * @param address as `publicAddress` gives it
 */
export function networkOf(address: string | undefined): string | undefined {
  if (!address?.includes(":")) return address;
  const [head = "", tail] = address.split("::");
  const groups = head.split(":");
  const hidden = tail === undefined ? 0 : 8 - groups.length - tail.split(":").filter(Boolean).length;
  const whole = [...groups, ...Array<string>(hidden).fill("0"), ...(tail?.split(":") ?? [])];
  return `${whole.slice(0, 4).join(":")}::/64`;
}
