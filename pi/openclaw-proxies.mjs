/**
 * Whose word OpenClaw takes for who asks (`gateway.trustedProxies`), and the proof that it takes nobody else's. The
 * connector comes from loopback, and needs no more than that. infra/pi-script.ts puts this in front of openclaw.mjs.
 */
import { isIP } from "node:net";
import { networkInterfaces } from "node:os";

const V4_BITS = 96;

/** A range of addresses as the 128 bits of IPv6, IPv4 as the mapped ones (RFC 4291, 2.5.5.2); none for what is no range. */
function rangeOf(text) {
  const [address = "", length, ...rest] = String(text).trim().split("/");
  const family = isIP(address);
  if (family === 0 || rest.length > 0 || (length !== undefined && !/^\d{1,3}$/.test(length)))
    return undefined;
  const size = family === 4 ? 32 : 128;
  const prefix = Math.min(Number(length ?? size), size);
  if (family === 4) {
    const bits = address.split(".").reduce((sum, part) => sum * 256n + BigInt(part), 0xffffn);
    return { bits, prefix: prefix + V4_BITS };
  }
  const [head, tail = ""] = new URL(`http://[${address.split("%")[0]}]`).hostname.slice(1, -1).split("::");
  const [left, right] = [head, tail].map((part) => part.split(":").filter(Boolean));
  const groups = [...left, ...Array(8 - left.length - right.length).fill("0"), ...right];
  return { bits: groups.reduce((sum, group) => sum * 65536n + BigInt(`0x${group}`), 0n), prefix };
}

const overlap = (a, b) => {
  const rest = BigInt(128 - Math.min(a.prefix, b.prefix));
  return a.bits >> rest === b.bits >> rest;
};

const LOOPBACK = ["127.0.0.0/8", "::1"].map(rangeOf);
const within = (inner, outer) => inner.prefix >= outer.prefix && overlap(inner, outer);

const ownInterfaces = () =>
  Object.values(networkInterfaces()).flatMap((list) => list.filter(({ internal }) => !internal));

/**
 * Looks at the trusted proxies that somebody has set besides the connector. They are theirs, and stay.
 *
 * @param access whether who asks is taken from a header alone: then nobody of this network may be a proxy
 * @throws Refusal for a range that lets in more than one machine of a network that this host is in
 */
function checkTrustedProxies(config, access, say) {
  const entries = at(config, ["gateway", "trustedProxies"]);
  const others = (Array.isArray(entries) ? entries : []).filter((entry) => {
    const range = rangeOf(entry);
    return !range || !LOOPBACK.some((loopback) => within(range, loopback));
  });
  if (others.length === 0) return;
  const networks = ownInterfaces().map(({ cidr }) => rangeOf(cidr));
  const wide = others.filter((entry) => {
    const range = rangeOf(entry);
    return range && range.prefix < 128 && networks.some((network) => network && overlap(range, network));
  });
  if (access && wide.length > 0)
    throw new Refusal(
      "OPENCLAW_PROXIES_WIDE",
      `gateway.trustedProxies has ${wide.join(", ")}, which holds machines of the Pi's own network: with signIn "access" any of them could be anybody`,
      `nothing was changed; name single addresses: openclaw config set gateway.trustedProxies '["127.0.0.1","::1"]' --strict-json; or keep OpenClaw's token: npx pulumi config set signIn token`,
    );
  say(
    `note: gateway.trustedProxies has ${others.join(", ")} besides the connector; who comes from there may say whose request it is`,
  );
}

/**
 * Tries to get in at every address of this host that is not loopback, with all that opens OpenClaw to the connector.
 * Where OpenClaw listens on loopback only, as it should, nothing answers there.
 *
 * @returns the address that lets in and is no trusted proxy, or none
 */
async function openAddress(config, port, headers) {
  const trusted = (at(config, ["gateway", "trustedProxies"]) ?? []).map(rangeOf).filter(Boolean);
  for (const { address, family, scopeid } of ownInterfaces()) {
    // A link-local address is one of a link alone, which a URL cannot name (RFC 6874 is not what fetch takes).
    if (scopeid || trusted.some((range) => overlap(range, rangeOf(address)))) continue;
    const host = family === "IPv6" ? `[${address}]` : address;
    const status = await statusOf(port, "/v1/models", { ...FROM_OUTSIDE, ...headers }, host);
    if (typeof status === "number" && status < 400) return `${host}:${port}`;
  }
  return undefined;
}

const openRefusal = (address, port, isPutBack) =>
  new Refusal(
    "OPENCLAW_PROXIES_OPEN",
    `OpenClaw takes anybody's word at ${address} for who asks${isPutBack ? "; its config was put back" : ""}`,
    `see who listens there, on the Pi: sudo ss -Hltnp sport = :${port}; OpenClaw should on loopback alone (openclaw config set gateway.bind loopback), and another program that passes it on from there be stopped`,
  );

export { checkTrustedProxies, openAddress, openRefusal };
