import type { PiConfig } from "./config.ts";
import type { Facts, Problem } from "./pi-problems.ts";

/** What OpenClaw's documentation asks for between two gateways on one machine: each takes ports behind its own, too. */
const portsApart = 120;

/** OpenClaw's command, for a profile. */
export const openclawCommand = (profile = ""): string =>
  profile && profile !== "default" ? `openclaw --profile ${profile}` : "openclaw";

/** The lines that set up a profile's gateway on the Pi, without a question. A model, and its key, come after. */
const setUpLines = (profile: string, port: number): string =>
  [
    `${openclawCommand(profile)} onboard --non-interactive --accept-risk --mode local --auth-choice skip --gateway-bind loopback --gateway-port ${port} --install-daemon --skip-channels --skip-skills --skip-search --skip-health --skip-ui`,
    `${openclawCommand(profile)} configure --section model`,
  ].join("\n    ");

const setPort = (port: number | string) =>
  `npx pulumi config set --path openclaw-gateway:pi.openclawPort ${port}`;

const setProfile = (name: string) =>
  name === "default"
    ? "npx pulumi config rm --path openclaw-gateway:pi.profile"
    : `npx pulumi config set --path openclaw-gateway:pi.profile ${name}`;

/** Moves a profile's gateway to another port: its unit names the port too. */
const movePort = (profile: string, port: number) =>
  `${openclawCommand(profile)} config set gateway.port ${port} && ${openclawCommand(profile)} gateway install --force --port ${port}`;

/**
 * What is wrong with which person's OpenClaw is meant, where a Pi runs one for each of several: a profile that is not
 * there, a port that is another profile's, or one port for two.
 */
export function problemOfProfile(
  { profile = "", openclawPort }: PiConfig,
  facts: Facts,
): Problem | undefined {
  const own = profile || "default";
  const gateways = gatewaysIn(facts);
  const free = freePort(gateways);
  const configured = facts.openclaw_configured_port;
  const refused = facts.openclaw_config_refusal;
  const missing = refused ? JSON.parse(refused).code === "OPENCLAW_CONFIG_MISSING" : false;
  const other = facts.openclaw_other;
  if (missing && (profile || gateways.length > 0 || other)) {
    const there = [...new Set([...gateways.map(({ name }) => name), ...(other ? [other] : [])])];
    const taken = other !== undefined && other !== "";
    const clash = taken || gateways.some(({ port }) => Math.abs(port - openclawPort) < portsApart);
    const port = clash ? free : openclawPort;
    return {
      code: "OPENCLAW_PROFILE_MISSING",
      what: `${facts.user} has no OpenClaw of the profile ${own}${there.length > 0 ? `; there is ${there.join(" and ")}` : ""}`,
      mend: [
        `set it up, on the Pi, as ${facts.user}:`,
        setUpLines(profile, port),
        ...(port === openclawPort ? [] : [`and here: ${setPort(port)}`]),
        ...there.map((name) => `or take the profile ${name}: ${setProfile(name)}`),
      ].join("\n    "),
    };
  }
  const shared = gateways.find(({ port }) => String(port) === configured);
  if (shared && configured === String(openclawPort))
    return {
      code: "OPENCLAW_PORT_SHARED",
      what: `the OpenClaw profiles ${own} and ${shared.name} are both set to port ${configured}, and whichever starts first answers there`,
      mend: `give this one another, on the Pi, as ${facts.user}: ${movePort(profile, free)}\n    and here: ${setPort(free)}`,
    };
  if (other)
    return {
      code: "OPENCLAW_OTHER_PROFILE",
      what: `port ${openclawPort} belongs to the OpenClaw profile ${other}, and the stack is for ${own}${configured ? `, which is set to port ${configured}` : ""}`,
      mend: `${configured && configured !== String(openclawPort) ? `take ${own} by its port: ${setPort(configured)}` : `give ${own} another port, on the Pi, as ${facts.user}: ${movePort(profile, free)}; and here: ${setPort(free)}`}\n    or take the profile ${other}: ${setProfile(other)}`,
    };
  return undefined;
}

/** The `NAME PORT` pairs that openclaw-look.mjs tells. */
const gatewaysIn = (facts: Facts): { name: string; port: number }[] =>
  (facts.openclaw_gateways ?? "")
    .split(",")
    .filter(Boolean)
    .map((pair) => ({ name: pair.split(" ")[0] as string, port: Number(pair.split(" ")[1]) }));

/** A port far enough from every other profile's. */
function freePort(gateways: readonly { port: number }[]): number {
  let port = 18789;
  while (gateways.some((gateway) => Math.abs(gateway.port - port) < portsApart)) port += 1000;
  return port;
}
