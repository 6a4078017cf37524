import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const root = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(root, path), "utf8");

interface Locked {
  readonly version?: string;
  readonly integrity?: string;
  readonly resolved?: string;
  readonly inBundle?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}
interface Manifest {
  readonly dependencies?: Record<string, string>;
  readonly devDependencies?: Record<string, string>;
  readonly allowScripts?: Record<string, boolean>;
}

/** What a lock file has, without the project itself; by place in node_modules. */
const locked = (folder: string): [string, Locked][] =>
  Object.entries(
    (JSON.parse(read(join(folder, "package-lock.json"))) as { packages: Record<string, Locked> }).packages,
  ).filter(([place]) => place !== "");
const manifest = (folder: string) => JSON.parse(read(join(folder, "package.json"))) as Manifest;
const nameOf = (place: string) => place.split("node_modules/").at(-1);

describe.each(["", "rehearsal/host/openclaw"])("the packages of ./%s", (folder) => {
  // lockfile-lint (npm run check) looks at the integrity of those that have one; that each has one is seen here.
  test("are each locked to one content, or come inside of one that is", () => {
    const loose = locked(folder).filter(
      ([, entry]) => !entry.inBundle && !entry.integrity?.startsWith("sha512-"),
    );
    expect(loose).toEqual([]);
  });

  test("name no registry, so that npm's own setting decides", () => {
    expect(locked(folder).filter(([, { resolved }]) => resolved !== undefined)).toEqual([]);
  });

  test("run an install script only where package.json says so by name", () => {
    const withScript = new Set(
      locked(folder).flatMap(([place, { hasInstallScript }]) => (hasInstallScript ? [nameOf(place)] : [])),
    );
    expect([...withScript].sort()).toEqual(Object.keys(manifest(folder).allowScripts ?? {}).sort());
  });

  test("are asked for by exact version", () => {
    const { dependencies, devDependencies } = manifest(folder);
    for (const [name, version] of Object.entries({ ...dependencies, ...devDependencies }))
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+$/)]);
  });
});

test("only Node and OpenClaw run something when they are installed", () => {
  const allowed = ["", "rehearsal/host/openclaw"].flatMap((folder) =>
    Object.entries(manifest(folder).allowScripts ?? {}).flatMap(([name, yes]) => (yes ? [name] : [])),
  );
  expect(allowed).toEqual(["node", "openclaw"]);
});

test("GitHub's actions are pinned by commit, with the version beside it", () => {
  const uses = globSync(".github/workflows/*.yml", { cwd: root }).flatMap(
    (file) => read(file).match(/uses:.*$/gm) ?? [],
  );
  expect(uses.length).toBeGreaterThan(0);
  for (const line of uses) expect(line).toMatch(/^uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/);
});
