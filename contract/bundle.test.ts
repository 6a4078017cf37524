import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, afterEach, expect, it } from "vitest";
import { bundleWorker } from "./bundle.ts";

const BUDGET_BYTES = 60 * 1024;
const folder = fileURLToPath(new URL("../.build/", import.meta.url));
const read = () => readFile(`${folder}worker.js`, "utf8");
const home = process.cwd();
const root = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "bundle-"));

afterEach(() => process.chdir(home));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

it("the Worker stays under 60 KB, compressed", async () => {
  const { bytes, gzipBytes } = await bundleWorker();
  expect(bytes).toBeGreaterThan(10_000);
  expect(gzipBytes).toBeLessThan(BUDGET_BYTES);
});

it("is the same from whatever folder it is built, and even by several at once", async () => {
  const first = await bundleWorker();
  const source = await read();
  process.chdir(tmpdir());
  const others = await Promise.all([bundleWorker(), bundleWorker(), bundleWorker()]);
  for (const other of others) expect(other).toEqual(first);
  expect(await read()).toBe(source);
  // Only this process's own: another that is at work, or was killed, has its drafts here too.
  expect((await readdir(folder)).filter((name) => name.startsWith(`worker.js.${process.pid}.`))).toEqual([]);
});

it("holds no package but hono and jose", async () => {
  expect((await bundleWorker()).packages).toEqual(["hono", "jose"]);
});

it("is the same from another clone at another place of the disk", async () => {
  const here = await bundleWorker();
  for (const place of ["clone", "somewhere/much/deeper/clone"]) {
    const clone = join(scratch, place);
    for (const part of ["package.json", "contract", "worker", "node_modules/hono", "node_modules/jose"])
      cpSync(join(root, part), join(clone, part), { recursive: true });
    symlinkSync(join(root, "node_modules/esbuild"), join(clone, "node_modules/esbuild"));
    const { bundleWorker: bundleThere } = await import(pathToFileURL(join(clone, "contract/bundle.ts")).href);
    expect(await bundleThere()).toEqual(here);
    expect(existsSync(join(clone, ".build/worker.js"))).toBe(true); // it was that clone's own
  }
});

it("is found by a path that tells nothing of this machine", async () => {
  expect((await bundleWorker()).contentFile).toBe("../.build/worker.js");
});

it("holds no Node module, no Pulumi, no path of this machine and no secret", async () => {
  await bundleWorker();
  const source = await read();
  const imports = [...source.matchAll(/(?:^|[;}\n])\s*import\b[^(][^;]*?["']([^"']+)["']/g)].map(
    ([, name]) => name,
  );
  expect(imports).toEqual(["cloudflare:workers"]); // the runtime's own
  for (const forbidden of [
    "node:",
    "@pulumi",
    "require(",
    "sourceMappingURL",
    "-----BEGIN",
    "eval(",
    home,
    "/root/",
  ]) {
    expect([forbidden, source.includes(forbidden)]).toEqual([forbidden, false]);
  }
});
