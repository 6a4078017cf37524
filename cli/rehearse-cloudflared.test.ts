import { once } from "node:events";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownArchitecture } from "../rehearsal/host/deb.ts";
import { run } from "../rehearsal/host/run.ts";
import { rehearse, traces } from "../rehearsal/testing/rehearse.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-cloudflared-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What cloudflared 2026.8.2 does without a network: it reads the token, names its tunnel, finds no edge and ends. */
const withoutNetwork = `#!/bin/sh
case $1 in --version) echo "cloudflared version 2026.9.1 (built 2026-09-20-0900 UTC)"; exit ;; esac
while [ $# -gt 0 ]; do [ "$1" = --token-file ] && file=$2; shift; done
tunnel=$(base64 -d "$file" | sed 's/.*"t":"\\([^"]*\\)".*/\\1/')
echo "2026-11-24T00:00:00Z INF Starting tunnel tunnelID=$tunnel" >&2
echo "2026-11-24T00:00:00Z ERR edge discovery: error looking up Cloudflare edge IPs: the DNS query failed" >&2
exit 1
`;
const refusingFlags = withoutNetwork.replace(
  "while",
  'echo "Incorrect Usage: flag provided but not defined: -management-diagnostics" >&2; exit 1\nwhile',
);

/** A package with fields and scripts as in Cloudflare's own. */
async function packageOf(
  change: { name?: string; architecture?: string; version?: string; binary?: string } = {},
) {
  const { name = "cloudflared", version = "2026.9.1", binary = withoutNetwork } = change;
  const tree = await mkdtemp(join(folder, "tree-"));
  await chmod(tree, 0o755);
  await mkdir(join(tree, "DEBIAN"));
  await mkdir(join(tree, "usr/bin"), { recursive: true });
  const fields = {
    Package: name,
    Version: version,
    License: "Apache License Version 2.0",
    Vendor: "Cloudflare",
    Architecture: change.architecture ?? (await ownArchitecture()),
    Maintainer: "Cloudflare <support@cloudflare.com>",
    "Installed-Size": "39000",
    Section: "default",
    Priority: "extra",
    Description: "Cloudflare Tunnel daemon",
  };
  const control = Object.entries(fields).map(([field, value]) => `${field}: ${value}\n`);
  await writeFile(join(tree, "DEBIAN/control"), control.join(""));
  await writeFile(join(tree, "usr/bin/cloudflared"), binary, { mode: 0o755 });
  const file = `${tree}.deb`;
  await run("dpkg-deb", ["--root-owner-group", "--build", tree, file]);
  return file;
}

async function tried(file: string, ...args: string[]) {
  const { child, said } = rehearse("--cloudflared", file, ...args);
  const [code] = await once(child, "close");
  return { code, ...said };
}

describe("npm run rehearse -- --cloudflared", () => {
  test.each([
    ["a file that is not there", async () => join(folder, "none.deb"), "cannot be read: ENOENT"],
    ["something else", async () => import.meta.filename, "is not a Debian package"],
    ["another package", () => packageOf({ name: "hello" }), "is the package hello, not cloudflared"],
    ["another machine's", () => packageOf({ architecture: "s390x" }), "is for s390x, and this machine is"],
    ["one that is too old", () => packageOf({ version: "2025.6.9" }), "the program needs 2025.7.0 or later"],
  ])("refuses %s in one sentence, before anything is done", async (_name, file, words) => {
    const { code, stderr } = await tried(await file());
    expect(code).toBe(1);
    expect(stderr.trim().split("\n")).toEqual([expect.stringContaining(words)]);
  });

  test("has the program install the package, and never calls well what could not be walked", async () => {
    const before = traces();
    const { code, stdout, stderr } = await tried(await packageOf(), "--json");
    expect(`${code} ${code === 0 ? "" : stderr}`.trim()).toBe("0");
    const { ok, steps } = JSON.parse(stdout) as {
      ok: boolean;
      steps: { name: string; ok: boolean; status: string; reason?: string }[];
    };
    expect(ok).toBe(true);
    const named = (wanted: string) => steps.filter(({ status }) => status === wanted).map(({ name }) => name);
    expect(named("failed")).toEqual([]);
    expect(named("ok")).toEqual(
      expect.arrayContaining([
        "the program installs cloudflared from the signed repository",
        "the binary takes the unit's flags and its token",
        "systemd rates the unit 1.5 or better",
        "nothing is left",
      ]),
    );
    expect(named("not walked")).toEqual(
      expect.arrayContaining(["pulumi up builds the chain", "the tunnel is connected"]),
    );
    for (const step of steps.filter(({ status }) => status === "not walked"))
      expect(step).toMatchObject({ ok: false, reason: expect.stringContaining("edge") });
    expect(stderr).toMatch(/\d+ of \d+ steps were not walked, and nothing is known of them/);
    expect(stderr).not.toContain("The whole chain was built");
    expect(traces()).toEqual(before);
  }, 600_000);

  test("fails when the binary does not take the unit's flags", async () => {
    const { code, stderr } = await tried(await packageOf({ binary: refusingFlags }));
    expect(code).toBe(1);
    expect(stderr).toContain("flag provided but not defined: -management-diagnostics");
  }, 600_000);
});
