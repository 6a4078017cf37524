import { constants } from "node:fs";
import { access, mkdir, stat, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, homedir, platform } from "node:os";
import { dirname, join } from "node:path";
import { cacheRoot } from "../cache.ts";
import { run } from "./run.ts";

const probeMs = 20_000;
const downloadMs = 15 * 60_000;
/** How long it is remembered that the release could not be had: later runs start at once, and a mended network is found. */
const rememberMs = 6 * 60 * 60_000;

/**
 * The root of the release that the npm package `pulumi` downloads: `$PULUMI_HOME/versions/VERSION`, where the
 * Automation API keeps its own as well (the package's lib/cache.js). Downloads it when it is not there yet.
 *
 * @returns nothing when it cannot be had, which takes 20 s at most to find out
 */
export async function fromNpm(detail: (text: string) => void): Promise<string | undefined> {
  const require = createRequire(import.meta.url);
  const launcher = require.resolve("pulumi/run.js");
  const { version } = require("pulumi/package.json") as { version: string };
  const root = join(process.env.PULUMI_HOME || join(homedir(), ".pulumi"), "versions", version);
  if (await isExecutable(join(root, "bin/pulumi"))) return root;

  const mark = join(cacheRoot(), `engine-npm-${version}.unavailable`);
  if (await isRecent(mark)) return undefined;
  detail(`looking for release ${version}`);
  if (await isDownloadable(version)) {
    detail(`downloading release ${version}`);
    const installed = run(process.execPath, [launcher, "version"], { timeoutMs: downloadMs });
    if (await succeeds(installed)) return root;
  }
  await mkdir(dirname(mark), { recursive: true });
  await writeFile(mark, "");
  return undefined;
}

/**
 * Whether both things the launcher will fetch can be had: the install script and the release that the script unpacks.
 * The launcher itself has no limit of time, so it is only started when they can.
 */
async function isDownloadable(version: string): Promise<boolean> {
  const system = `${platform()}-${arch()}`;
  const urls = [
    "https://get.pulumi.com/install.sh",
    `https://get.pulumi.com/releases/sdk/pulumi-v${version}-${system}.tar.gz`,
  ];
  const signal = AbortSignal.timeout(probeMs);
  try {
    const answers = await Promise.all(urls.map((url) => fetch(url, { method: "HEAD", signal })));
    return answers.every((answer) => answer.ok);
  } catch {
    return false;
  }
}

const isExecutable = (path: string): Promise<boolean> => succeeds(access(path, constants.X_OK));

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

const isRecent = (path: string): Promise<boolean> =>
  stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs < rememberMs,
    () => false,
  );
