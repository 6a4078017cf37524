import { readFileSync } from "node:fs";
import { join } from "node:path";
import { code, generatedFrom, table } from "./markdown.ts";

const root = join(import.meta.dirname, "../..");

/** One part that is not this project's own, with the place where its version is set. */
interface Part {
  readonly name: string;
  readonly file: string;
  /** Finds the version in the file as its first group. */
  readonly version: RegExp;
  readonly note: string;
}

const npmVersion = (name: string) => new RegExp(`"${name}": "(\\d[^"]*)"`);
const inPackages = (name: string, note: string): Part => ({
  name,
  file: "package.json",
  version: npmVersion(name),
  note,
});

const parts: readonly Part[] = [
  inPackages("node", "what runs the program and the commands, whatever Node the machine has"),
  inPackages("pulumi", "the engine: this npm package fetches the release of its version"),
  {
    name: "the engine, where its release cannot be fetched",
    file: "rehearsal/engine/go.mod",
    version: /pulumi\/pkg\/v3 (v\S+)/,
    note: "the rehearsal builds it from its Go module, locked by go.sum",
  },
  inPackages("@pulumi/cloudflare", "provider; the engine fetches the plugin of the same version"),
  inPackages("@pulumi/command", "provider for the steps on the Pi, likewise"),
  inPackages("hono", "in the Worker"),
  inPackages("jose", "in the Worker"),
  {
    name: "Workers runtime, compatibility date",
    file: "contract/worker.ts",
    version: /COMPATIBILITY_DATE = "([^"]+)"/,
    note: "Cloudflare runs the newest runtime with the behaviour of that day",
  },
  {
    name: "OpenClaw, oldest that is taken",
    file: "infra/pi-look.ts",
    version: /oldestOpenClaw = "([^"]+)"/,
    note: "the one on your Pi is yours; the look before an up refuses an older one",
  },
  {
    name: "OpenClaw, rehearsed",
    file: "rehearsal/host/openclaw/package.json",
    version: npmVersion("openclaw"),
    note: "what all tests run against, locked with all it needs",
  },
  {
    name: "cloudflared, oldest that is taken",
    file: "pi/connector-package.sh",
    version: /^oldest_version=(\S+)/m,
    note: "the Pi gets the newest of Cloudflare's signed apt repository, and keeps one that is there and new enough",
  },
  {
    name: "cloudflared, rehearsed",
    file: "rehearsal/host/packages.ts",
    version: /connectorVersion = "([^"]+)"/,
    note: "the rehearsal's connector is a stand-in that speaks like this version",
  },
];

/** docs/versions.md. @throws Error when a version is not where it is said to be */
export function versionReference(): string {
  const rows = parts.map(({ name, file, version, note }) => {
    const found = version.exec(readFileSync(join(root, file), "utf8"))?.[1];
    if (found === undefined) throw new Error(`${file} does not say the version of ${name}`);
    return [name, code(found), `[${file}](../${file})`, note];
  });
  return `${generatedFrom("the files that it names")}

# What it is made of

Each version is set in one place. All npm packages, with those that they need, are in \`package-lock.json\` with the hash of their content; \`npm ci\` takes nothing else. Install scripts run only for those that \`allowScripts\` in package.json says.

${table(["part", "version", "set in", "what for"], rows)}

\`npm run sbom\` writes the npm part as a CycloneDX bill of materials to \`.build/sbom.cdx.json\`; CI keeps one of each run. \`npm run check\` prints the SHA-256 of the Worker's bundle, which is the same on every machine.
`;
}
