/** Names that stand for a machine or a network of one's own (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`). */
const OWN_NAMES = /(^|\.)(localhost|local|internal|intranet|lan|home|home\.arpa|test|invalid|onion)$/;

/**
 * Why a URL may not be sent a webhook, or nothing when it may: https to a public name. An address is refused whatever it
 * is, in any spelling (the URL standard turns 0x7f000001 and 2130706433 into 127.0.0.1), because no certificate that a
 * Worker accepts is made out to one. What a public name resolves to is not looked at: a Worker's fetch leaves from
 * Cloudflare's network and reaches no private one.
 */
export function webhookUrlProblem(text: string): string | undefined {
  if (!URL.canParse(text)) return "a URL such as https://hooks.example.com/alerts";
  const { protocol, hostname, username, password } = new URL(text);
  if (protocol !== "https:") return "an https URL";
  if (username || password) return "a URL without user and password in it";
  const name = hostname.replace(/\.$/, "");
  if (name.startsWith("[") || /^[0-9.]+$/.test(name)) return "a host name, no address";
  if (!name.includes(".") || OWN_NAMES.test(name)) return "a public host name";
  return undefined;
}
