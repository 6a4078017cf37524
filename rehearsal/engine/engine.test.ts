import { execFileSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, symlink, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { cacheRoot } from "../cache.ts";
import { quiet } from "../progress.ts";
import { fromGo, pinnedVersion } from "./go.ts";
import { ensureEngine } from "./index.ts";
import { fromNpm } from "./npm.ts";
import { fromPath } from "./path.ts";
import { run } from "./run.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-engine-"));
});

afterEach(async () => {
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
  await rm(folder, { recursive: true, force: true });
});

async function executable(path: string, text: string): Promise<string> {
  await mkdir(join(path, ".."), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

describe("an engine on the PATH", () => {
  it("is taken by its real place, which has a bin", async () => {
    await executable(join(folder, "opt/bin/pulumi"), "#!/bin/sh\necho v9.9.9\n");
    await mkdir(join(folder, "usr"));
    await symlink(join(folder, "opt/bin/pulumi"), join(folder, "usr/pulumi"));
    vi.stubEnv("PATH", [join(folder, "usr"), process.env.PATH].join(delimiter));
    expect(await ensureEngine(quiet)).toMatchObject({
      root: join(folder, "opt"),
      version: "v9.9.9",
      origin: "path",
    });
  });

  it("is not the npm launcher's shim", async () => {
    await executable(join(folder, "node_modules/pulumi/run.js"), "#!/bin/sh\n");
    await mkdir(join(folder, "node_modules/.bin"));
    await symlink("../pulumi/run.js", join(folder, "node_modules/.bin/pulumi"));
    expect(await fromPath(join(folder, "node_modules/.bin"))).toBeUndefined();
  });

  it("is given a root of its own when it lies in no bin", async () => {
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
    const command = await executable(join(folder, "tools/pulumi"), "#!/bin/sh\necho v9.9.9\n");
    const root = await fromPath(join(folder, "tools"));
    expect(await run(join(root as string, "bin/pulumi"), ["version"], { timeoutMs: 5000 })).toBe("v9.9.9");
    expect(root).not.toContain(command);
  });

  it("is asked for its own language host before the stand-in is offered", async () => {
    await executable(join(folder, "bin/pulumi"), "#!/bin/sh\necho v9.9.9\n");
    vi.stubEnv("PATH", [join(folder, "bin"), process.env.PATH].join(delimiter));
    expect((await ensureEngine(quiet)).languageHost).toBe(import.meta.dirname);
    await executable(join(folder, "bin/pulumi-language-nodejs"), "#!/bin/sh\n");
    expect((await ensureEngine(quiet)).languageHost).toBeUndefined();
  });
});

describe("the npm launcher's release", () => {
  it("is used where the launcher keeps it", async () => {
    vi.stubEnv("PULUMI_HOME", folder);
    await executable(join(folder, "versions/3.265.0/bin/pulumi"), "#!/bin/sh\n");
    expect(await fromNpm(() => {})).toBe(join(folder, "versions/3.265.0"));
  });

  it("is given up when it cannot be had, and not asked for again for some hours", async () => {
    vi.stubEnv("PULUMI_HOME", folder);
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
    const asked = vi.fn(async () => {
      throw new TypeError("fetch failed");
    });
    vi.stubGlobal("fetch", asked);
    expect(await fromNpm(() => {})).toBeUndefined();
    const first = asked.mock.calls.length;
    expect(first).toBeGreaterThan(0);
    expect(await fromNpm(() => {})).toBeUndefined();
    expect(asked.mock.calls.length).toBe(first);
    const longAgo = new Date(Date.now() - 7 * 60 * 60_000);
    await utimes(join(cacheRoot(), "engine-npm-3.265.0.unavailable"), longAgo, longAgo);
    expect(await fromNpm(() => {})).toBeUndefined();
    expect(asked.mock.calls.length).toBeGreaterThan(first);
  });
});

describe("an engine built from its Go module", () => {
  it("is kept under the version that go.mod pins", async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    const kept = join(folder, "openclaw-gateway", `engine-${await pinnedVersion()}`);
    await mkdir(kept, { recursive: true });
    expect(await fromGo(() => {})).toBe(kept);
  });

  it("is nothing where there is no Go, and nothing is left in the cache", async () => {
    vi.stubEnv("XDG_CACHE_HOME", folder);
    vi.stubEnv("PATH", folder);
    expect(await fromGo(() => {})).toBeUndefined();
    expect(
      execFileSync("/usr/bin/find", [join(folder, "openclaw-gateway"), "-name", "engine-*"], {
        encoding: "utf8",
      }),
    ).toBe("");
  });

  it("is missed in one sentence when nothing else is there either", async () => {
    vi.stubEnv("XDG_CACHE_HOME", join(folder, "cache"));
    vi.stubEnv("PULUMI_HOME", folder);
    vi.stubEnv("PATH", folder);
    vi.stubGlobal("fetch", async () => {
      throw new TypeError("fetch failed");
    });
    await expect(ensureEngine(quiet)).rejects.toThrow(/^No Pulumi engine: .* Install Pulumi .* or Go .*$/);
  });
});

describe("a command that takes too long", () => {
  it("is killed with what it started", async () => {
    const marker = join(folder, "still-here");
    const script = `(sleep 1; touch ${marker}) & sleep 30`;
    await expect(run("/bin/sh", ["-c", script], { timeoutMs: 100 })).rejects.toThrow(
      "took longer than 0.1 s",
    );
    // The group is gone at once: its pipe has closed, which `run` waited for, and with it all that could write.
    expect(() => execFileSync("/usr/bin/pgrep", ["-f", marker])).toThrow();
  });
});
