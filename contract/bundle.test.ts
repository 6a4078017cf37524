import { readdir, readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { afterEach, expect, it } from "vitest";
import { bundleWorker } from "./bundle.ts";

const BUDGET_BYTES = 60 * 1024;
const folder = fileURLToPath(new URL("../.build/", import.meta.url));
const read = () => readFile(`${folder}worker.js`, "utf8");
const home = process.cwd();

afterEach(() => process.chdir(home));

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
  expect((await readdir(folder)).filter((name) => name.endsWith(".draft"))).toEqual([]);
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
  expect(imports).toEqual([]);
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
