import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";

/** What a script is told, one setting a line, secrets among them; lib.sh's read_settings takes them. */
export type PiSettings = Readonly<Record<string, string>>;

/** What a script is called for; `try` and `confirm` are the firewall's. */
export type PiOperation = "create" | "delete" | "try" | "confirm";

/**
 * A script of `pi/` as it travels: one short line to run, and all else on standard input.
 *
 * The command's text ends up in the state, in error messages and in the Pi's process list, so it holds only the
 * script's name and the hash of its text (which makes a new version of a script show as a change). The script and
 * its settings come on standard input, which the state keeps as a secret: `read` takes exactly one line, so the
 * script finds its settings behind it.
 */
export interface PiScript {
  command(operation: PiOperation): string;
  stdin(settings: PiSettings): string;
}

const pieces = {
  look: ["lib.sh", "sudo.sh", "openclaw-install.sh", "look.sh"],
  connector: [
    "lib.sh",
    "connector-apt.sh",
    "connector-key.sh",
    "connector-package.sh",
    "connector-upgrades.sh",
    "connector.sh",
  ],
  openclaw: ["lib.sh", "openclaw-install.sh", "openclaw.sh"],
  "connector-id": ["lib.sh", "connector-id.sh"],
  devices: ["lib.sh", "openclaw-install.sh", "devices.sh"],
  "gateway-token": ["lib.sh", "openclaw-install.sh", "gateway-token.sh"],
  "model-key": ["lib.sh", "openclaw-install.sh", "model-key.sh"],
  "tunnel-token": ["lib.sh", "tunnel-token.sh"],
  audit: ["lib.sh", "audit.sh"],
  firewall: ["lib.sh", "firewall.sh"],
  footprint: ["lib.sh", "sudo.sh", "footprint.sh"],
} as const;

/** What leads a script through a sudo that asks. */
const throughSudo = ["lib.sh", "sudo.sh", "as-root.sh"];

const read = (file: string): string => readFileSync(new URL(`../pi/${file}`, import.meta.url), "utf8");

/** Who runs a script. */
export interface PiScriptUser {
  /** Whether by sudo. */
  readonly asRoot: boolean;
  /** What sudo asks for. It goes on standard input alone, and as its user's, since only there it is not seen. */
  readonly sudoPassword?: string | undefined;
}

export function piScript(name: keyof typeof pieces, { asRoot, sudoPassword }: PiScriptUser): PiScript {
  const text = pieces[name].map(read).join("\n");
  const asks = asRoot && sudoPassword !== undefined;
  const before = asks ? throughSudo.map(read).join("\n") : "";
  const hash = createHash("sha256")
    .update(before + text)
    .digest("hex")
    .slice(0, 12);
  const lead = asks ? [base64(before), base64(sudoPassword)] : [];
  // Nothing here that a login shell other than sh would read in its own way.
  const shell = `${asRoot && !asks ? "sudo -n " : ""}sh -c 'IFS= read -r s && eval "$(printf %s "$s" | base64 -d)"'`;
  return {
    command: (operation) => `${shell} ${name} ${operation} ${hash}`,
    stdin: (settings) => `${[...lead, base64(text)].join("\n")}\n${settingLines(settings)}`,
  };
}

/** The setting by which a script that goes on by sudo itself gets the password; none where sudo does not ask. */
export const sudoSetting = ({
  user,
  sudoPassword,
}: {
  user: string;
  sudoPassword?: string | undefined;
}): PiSettings =>
  user === "root" || sudoPassword === undefined ? {} : { sudo_password: base64(sudoPassword) };

const base64 = (text: string): string => Buffer.from(text).toString("base64");

function settingLines(settings: PiSettings): string {
  return Object.entries(settings)
    .map(([name, value]) => {
      if (/[\n\r]/.test(value)) throw new Error(`the setting ${name} has more than one line`);
      return `${name} ${value}\n`;
    })
    .join("");
}

/** What whoever changes openclaw.json and keeps a record of it is made of. */
const changing = [
  "openclaw-config.mjs",
  "openclaw-keys.mjs",
  "openclaw-record.mjs",
  "openclaw-secrets.mjs",
  "openclaw-commands.mjs",
  "openclaw-change.mjs",
] as const;

const programs = {
  openclaw: [
    ...changing,
    "openclaw-findings.mjs",
    "openclaw-answers.mjs",
    "openclaw-proxies.mjs",
    "openclaw.mjs",
  ],
  "gateway-token": [
    "openclaw-config.mjs",
    "openclaw-keys.mjs",
    "openclaw-commands.mjs",
    "openclaw-change.mjs",
    "openclaw-answers.mjs",
    "gateway-token.mjs",
  ],
  "model-key": [
    ...changing,
    "openclaw-answers.mjs",
    "model-keys.mjs",
    "model-key-begun.mjs",
    "model-key-trial.mjs",
    "model-key.mjs",
  ],
  "openclaw-look": ["openclaw-config.mjs", "openclaw-look.mjs"],
  audit: ["audit-lines.mjs", "audit.mjs"],
  "audit-run": ["openclaw-install.sh", "audit-run.sh"],
} as const;

/** A program that a script takes as one setting: for OpenClaw's own Node, or for sh. */
export const encodedPiProgram = (name: keyof typeof programs): string =>
  Buffer.from(programs[name].map(read).join("\n")).toString("base64");
