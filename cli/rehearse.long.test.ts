import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, symlink } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { cacheRoot } from "../rehearsal/cache.ts";
import { rehearse, rehearseIn, script, traces, until } from "../rehearsal/testing/rehearse.ts";

const bound = 10 * 60_000;

/** A rehearsal to its end. */
async function whole(): Promise<{ code: number; stderr: string }> {
  const { child, said } = rehearse("--json");
  const [code] = await once(child, "exit");
  return { code, stderr: said.stderr };
}

test.each([1, 2, 3])(
  "ends well every time (%i)",
  async () => {
    expect(await whole()).toMatchObject({ code: 0 });
  },
  bound,
);

test(
  "two at once do not disturb each other",
  async () => {
    const before = traces();
    const both = await Promise.all([whole(), whole()]);
    expect(both.map(({ code }) => code)).toEqual([0, 0]);
    expect(traces()).toEqual(before);
  },
  bound,
);

test.each(["… host raspberrypi", "… pulumi up builds the chain", "… OpenClaw answers curl (JSON)"])(
  'what a rehearsal left that was killed at "%s" is cleared by the next',
  async (moment) => {
    const before = traces();
    const { child, said } = rehearse();
    await until(child, said, moment);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await whole()).toMatchObject({ code: 0 });
    expect(traces()).toEqual(before);
  },
  bound,
);

test(
  "what is made once and was cut by a kill is made anew by the next, and nothing half-made stays",
  async () => {
    const before = traces();
    const folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-cache-"));
    const cache = join(folder, "openclaw-gateway");
    try {
      // The engine takes minutes, and is made by the same rule.
      await mkdir(cache);
      for (const name of await readdir(cacheRoot()))
        if (name.startsWith("engine-")) await symlink(join(cacheRoot(), name), join(cache, name));
      const { child, said } = rehearseIn({ XDG_CACHE_HOME: folder });
      await until(child, said, "OpenClaw for the host");
      const isDraft = (name: string) => name.includes(".draft-");
      await vi.waitFor(async () => expect((await readdir(cache)).some(isDraft)).toBe(true), bound);
      child.kill("SIGKILL");
      await once(child, "exit");
      const next = rehearseIn({ XDG_CACHE_HOME: folder });
      const [code] = await once(next.child, "exit");
      expect(`${code} ${code === 0 ? "" : next.said.stderr}`.trim()).toBe("0");
      expect((await readdir(cache)).filter(isDraft)).toEqual([]);
      expect(traces()).toEqual(before);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
  bound,
);

describe("a full disk", () => {
  /** A rehearsal that finds a small file system in the place of a folder, in a mount namespace of its own. */
  function withLittleRoom(folder: string, size: string, env: NodeJS.ProcessEnv = {}) {
    const mountAndRun = 'mount -t tmpfs -o size="$1" none "$2" && shift 2 && exec "$@"';
    return spawnSync(
      "unshare",
      ["--mount", "sh", "-c", mountAndRun, "sh", size, folder, process.execPath, script],
      { encoding: "utf8", env: { ...process.env, ...env }, timeout: bound },
    );
  }

  test(
    "where the cache is: names the folder and its room, and leaves nothing",
    async () => {
      const before = traces();
      const folder = await mkdtemp(join(tmpdir(), "openclaw-gateway-full-"));
      try {
        const { status, stderr } = withLittleRoom(folder, "60m", { XDG_CACHE_HOME: folder });
        expect(stderr).toMatch(
          /A disk was full\.[\s\S]*openclaw-gateway \(what is made once.*\): \d+ of 60 MB free/,
        );
        expect(status).toBe(1);
        expect(await readdir(folder)).toEqual([]); // the small file system has gone with its namespace
        expect(traces()).toEqual(before);
      } finally {
        await rm(folder, { recursive: true });
      }
    },
    bound,
  );

  test(
    "where a rehearsal writes: names the folder and its room, and leaves nothing",
    async () => {
      const before = traces();
      await mkdir("/run/openclaw-gateway", { recursive: true });
      const { status, stderr } = withLittleRoom("/run/openclaw-gateway", "64k");
      expect(stderr).toMatch(
        /A disk was full\.[\s\S]*\/run\/openclaw-gateway \(what a rehearsal writes\): 0 of 0 MB free/,
      );
      expect(status).toBe(1);
      expect(traces()).toEqual(before);
    },
    bound,
  );
});

test(
  "the real provider plugins, where they cannot be had: says which, and leaves nothing",
  async () => {
    const before = traces();
    const { child, said } = rehearse("--providers", "real");
    const [code] = await once(child, "exit");
    // Where the machine can fetch them, the rehearsal goes through.
    if (code === 0) return;
    expect(said.stderr).toMatch(/install resource plugin 'pulumi-resource-(cloudflare|command)'/);
    expect(traces()).toEqual(before);
  },
  bound,
);
