import { createHash } from "node:crypto";
import { chmod, copyFile, mkdir, readFile, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { cached } from "../cache.ts";
import { run } from "./run.ts";

const recipe = fileURLToPath(new URL("openclaw/", import.meta.url));
const require = createRequire(import.meta.url);

/**
 * Node and OpenClaw as a layer over the guest's Debian, installed once from the lock file beside this module:
 * `/opt/node`, `/opt/openclaw`, and their commands in `/usr/local/bin`.
 *
 * Node comes first, since OpenClaw's preinstall step refuses to run on an older one than it needs.
 *
 * @returns the layer's root folder
 */
export async function prepareOpenClaw(): Promise<string> {
  const nodePackage = require.resolve("node/package.json");
  const { version } = JSON.parse(await readFile(nodePackage, "utf8")) as { version: string };
  const lock = await readFile(join(recipe, "package-lock.json"));
  const digest = createHash("sha256").update(lock).digest("hex").slice(0, 12);
  const entry = await cached(`host-openclaw-${process.arch}-node${version}-${digest}`, async (folder) => {
    const root = join(folder, "root");
    const commands = join(root, "usr/local/bin");
    const node = join(root, "opt/node/bin/node");
    const openclaw = join(root, "opt/openclaw");
    for (const path of [commands, dirname(node), openclaw])
      await mkdir(path, { recursive: true, mode: 0o755 });
    await copyFile(join(dirname(nodePackage), "bin/node"), node);
    await chmod(node, 0o755);
    for (const file of ["package.json", "package-lock.json"])
      await copyFile(join(recipe, file), join(openclaw, file));
    await run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: openclaw,
      env: installEnvironment(dirname(node)),
      timeoutMs: 5 * 60_000,
    });
    await symlink("/opt/node/bin/node", join(commands, "node"));
    await symlink("/opt/openclaw/node_modules/openclaw/openclaw.mjs", join(commands, "openclaw"));
  });
  return join(entry, "root");
}

/** The environment without what an `npm run` around us left in it, which would steer the inner npm. */
function installEnvironment(nodeFolder: string): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle|command)|INIT_CWD)/.test(name),
  );
  return { ...Object.fromEntries(own), PATH: `${nodeFolder}${delimiter}${process.env.PATH ?? ""}` };
}
