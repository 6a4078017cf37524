import type { PiConfig } from "./config.ts";
import type { ErrorCode } from "./error-codes.ts";
import { openclawCommand, problemOfProfile } from "./pi-profile.ts";

/** What look.sh has told, by name; a name that the Pi did not tell is not in it. */
export type Facts = Readonly<Record<string, string>>;

/** One thing about the Pi that keeps the stack from being built. */
export interface Problem {
  readonly code: ErrorCode;
  readonly what: string;
  readonly mend: string;
}

/** Megabytes: the package is 20 to be fetched and 40 unpacked, apt's lists and the config need little; with room to spare. */
const needed = { room_usr: 150, room_var: 150, room_tmp: 20, room_home: 20 } as const;
/** JWTs and TLS fail on a clock that is further off. */
const clockToleranceSeconds = 120;
const architectures = ["amd64", "arm64", "armhf"];

/** What is wrong with the machine, whatever runs on it. */
export function problemsOfMachine(facts: Facts, nowSeconds: number): Problem[] {
  const problems: Problem[] = [];
  const add = (code: ErrorCode, what: string, mend: string) => problems.push({ code, what, mend });
  if (!facts.systemd)
    add(
      "PI_NO_SYSTEMD",
      "it does not run systemd, which keeps the connector running",
      "use Raspberry Pi OS or Debian with its usual init; a container needs one that runs systemd",
    );
  if (facts.machine === "armv6l")
    add(
      "PI_ARCHITECTURE",
      "it is an ARMv6 machine (Pi 1 or Zero): Cloudflare's armhf package is for ARMv7 and breaks off on it, and OpenClaw has no Node there",
      "use a Pi 3 or later, or a Zero 2 W",
    );
  else if (!architectures.includes(facts.architecture ?? ""))
    add(
      "PI_ARCHITECTURE",
      `its architecture is ${facts.architecture || "not one of Debian's"} (${facts.machine})`,
      `Cloudflare has packages for Debian's ${architectures.join(", ")}: use Raspberry Pi OS or Debian on such a machine`,
    );
  if (!facts.root) problems.push(sudoProblem(facts));
  if (!facts.curl) add("PI_NO_CURL", "it has no curl", "on the Pi: sudo apt-get install curl");
  for (const { mount, free, wanted } of tightPlaces(facts))
    add(
      "PI_NO_SPACE",
      `${mount} has ${free} MB left, and ${wanted} MB are needed there`,
      `make room; what is big there, on the Pi: sudo du -xhd1 ${mount} | sort -h | tail; often enough: sudo apt-get clean`,
    );
  if (facts.read_only !== undefined)
    add(
      "PI_READ_ONLY",
      `${facts.read_only} cannot be written to, even by root: its file system is mounted read-only`,
      "an SD card that fails ends up so: on the Pi, sudo dmesg | tail tells; restart it, and think of a new card. If you made it so (raspi-config, overlay file system), switch that off",
    );
  const offSeconds = Math.round(Number(facts.clock) - nowSeconds);
  if (Math.abs(offSeconds) > clockToleranceSeconds)
    add(
      "PI_CLOCK",
      `its clock is ${duration(Math.abs(offSeconds))} ${offSeconds < 0 ? "behind" : "ahead of"} this machine's`,
      "see which of the two is wrong; on the Pi: sudo timedatectl set-ntp true, and then timedatectl",
    );
  return problems;
}

/** File systems with too little room, each once. */
function tightPlaces(facts: Facts): { mount: string; free: number; wanted: number }[] {
  const places = new Map<string, { mount: string; free: number; wanted: number }>();
  for (const [name, megabytes] of Object.entries(needed)) {
    const [, free, mount] = /^(-?\d+) (.+)$/.exec(facts[name] ?? "") ?? [];
    if (free === undefined || mount === undefined) continue;
    const wanted = (places.get(mount)?.wanted ?? 0) + megabytes;
    places.set(mount, { mount, free: Number(free), wanted });
  }
  return [...places.values()].filter(({ free, wanted }) => free < wanted);
}

function duration(seconds: number): string {
  if (seconds < 600) return `${seconds} seconds`;
  if (seconds < 7_200) return `${Math.round(seconds / 60)} minutes`;
  if (seconds < 172_800) return `${Math.round(seconds / 3_600)} hours`;
  return `${Math.round(seconds / 86_400)} days`;
}

function sudoProblem({ user, sudo = "", sudo_password, groups = "" }: Facts): Problem {
  const file = `/etc/sudoers.d/010_${user}-nopasswd`;
  const line = `echo '${user} ALL=(ALL) NOPASSWD: ALL'`;
  const allow = `${line} | sudo tee ${file} && sudo chmod 440 ${file}`;
  if (sudo === "missing")
    return {
      code: "PI_NO_SUDO",
      what: "it has no sudo",
      mend: `on the Pi, as root (su -): apt-get install sudo && ${line} > ${file} && chmod 440 ${file}`,
    };
  const give = "npx pulumi config set --path --secret openclaw-gateway:pi.sudoPassword";
  // sudo's words once its input has ended after the first try.
  if (sudo_password === "given" && /incorrect password|no password was provided/.test(sudo))
    return {
      code: "PI_SUDO_PASSWORD",
      what: `sudo does not take openclaw-gateway:pi.sudoPassword as the password of ${user} (${sudo})`,
      mend: `set the one that ${user} types there; it is asked for, and not shown: ${give}`,
    };
  if (/\b(sudo|wheel|admin)\b/.test(groups))
    return {
      code: "PI_SUDO_PASSWORD",
      what: `sudo asks ${user} for a password, and nobody is there to type it (${sudo})`,
      mend: `allow ${user} to use sudo without one. On the Pi, as ${user}: ${allow}\n    it may be taken back after the up: sudo rm ${file} (each later up, and destroy, needs it again)\n    or put the password into the stack, encrypted; it is asked for, and not shown: ${give}`,
    };
  return {
    code: "PI_NO_SUDO",
    what: `${user} may not use sudo (${sudo})`,
    mend: `on the Pi, as a user who may: ${allow}\n    or set a user who may: npx pulumi config set --path openclaw-gateway:pi.user USER`,
  };
}

/** What is wrong with OpenClaw, the first thing of it: what comes later follows from it. */
export function problemOfOpenClaw(config: PiConfig, facts: Facts, oldest: string): Problem | undefined {
  const { openclawPort } = config;
  const openclaw = openclawCommand(config.profile);
  const others = [...new Set((facts.openclaw_users ?? "").split(" "))].filter(
    (name) => name && name !== facts.user,
  );
  const setUser = (user: string) =>
    `npx pulumi config set --path openclaw-gateway:pi.user ${user} (${user} needs your SSH key and sudo, as ${facts.user} has)`;
  if (!facts.openclaw_entry) {
    if (others.length > 0)
      return {
        code: "OPENCLAW_OTHER_USER",
        what: `OpenClaw belongs to ${others.join(" and to ")}, and not to ${facts.user}`,
        mend: `${setUser(others[0] as string)}`,
      };
    return {
      code: "OPENCLAW_NOT_FOUND",
      what: `OpenClaw is not installed for the user ${facts.user}`,
      mend: "install it (https://docs.openclaw.ai/install/raspberry-pi), or set openclaw-gateway:pi.user to its user",
    };
  }
  if (compareVersions(facts.openclaw_version ?? "", oldest) < 0)
    return {
      code: "OPENCLAW_TOO_OLD",
      what: `its OpenClaw is ${facts.openclaw_version}, and ${oldest} or later is needed`,
      mend: `on the Pi, as ${facts.user}: openclaw update`,
    };
  if (facts.listener_user && facts.listener_user !== facts.user && facts.openclaw_ready === "yes")
    return {
      code: "OPENCLAW_OTHER_USER",
      what: `the OpenClaw on port ${openclawPort} runs as ${facts.listener_user}, and the one of ${facts.user} is another`,
      mend: `${setUser(facts.listener_user)}\n    or take ${facts.user}'s own by its port: npx pulumi config set --path openclaw-gateway:pi.openclawPort ${facts.openclaw_configured_port ?? "PORT"}`,
    };
  const profile = problemOfProfile(config, facts);
  if (profile) return profile;
  if (facts.openclaw_config_refusal) return JSON.parse(facts.openclaw_config_refusal) as Problem;
  const configured = facts.openclaw_configured_port;
  if (configured !== undefined && configured !== String(openclawPort))
    return {
      code: "OPENCLAW_PORT",
      what: `OpenClaw is set to port ${configured}, and the stack says ${openclawPort}`,
      mend: `npx pulumi config set --path openclaw-gateway:pi.openclawPort ${configured}`,
    };
  if (facts.openclaw_ready === "yes") return undefined;
  if (facts.openclaw_ready === "other" || (facts.listener_user && facts.listener_user !== facts.user))
    return {
      code: "OPENCLAW_PORT_TAKEN",
      what: `port ${openclawPort} is not OpenClaw's: ${facts.listener ?? "something else"} of ${facts.listener_user ?? "an unknown user"} answers there`,
      mend: `stop that program, or give OpenClaw another port on the Pi (openclaw config set gateway.port PORT && openclaw gateway restart) and the stack too: npx pulumi config set --path openclaw-gateway:pi.openclawPort PORT`,
    };
  return {
    code: "OPENCLAW_NOT_RUNNING",
    what: `OpenClaw does not answer on port ${openclawPort} (${facts.openclaw_ready ?? "no answer"}; its service is ${facts.openclaw_unit_state || "not installed"})`,
    mend: `on the Pi, as ${facts.user}: ${openclaw} gateway status, ${openclaw} gateway start; what it says: journalctl --user -u openclaw-gateway${config.profile ? `-${config.profile}` : ""} -n 30`,
  };
}

/** Compares dotted numbers: negative when a is older. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(/[.-]/).map(Number));
  const index = (right ?? []).findIndex((part, position) => part !== (left?.[position] || 0));
  return index < 0 ? 0 : (left?.[index] || 0) - (right?.[index] ?? 0);
}
