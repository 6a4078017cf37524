import { createHash } from "node:crypto";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { type BuildOptions, build, type Plugin } from "esbuild";

/** The project's folder. From this file's place: `process.cwd()` differs between `pulumi up` and the Automation API. */
const root = fileURLToPath(new URL("..", import.meta.url));

/** The bundled Worker as the Pulumi program uploads it. */
export interface WorkerBundle {
  /**
   * Where the provider plugin finds the script. It opens the path from `infra/`, and the value is part of
   * the state: so it is a constant, and relative.
   */
  readonly contentFile: `../.build/${string}.js`;
  /** SHA-256 of the file, in hex: changes exactly when the Worker does. */
  readonly sha256: string;
  readonly bytes: number;
  readonly gzipBytes: number;
  /** npm packages whose code is in it, in alphabetical order. */
  readonly packages: readonly string[];
}

let given: WorkerBundle | undefined;

/** From now on the program of this process takes this bundle, which was made for many stacks at once. */
export function useBundle(bundle: WorkerBundle): void {
  given = bundle;
}

/**
 * Bundles `worker/index.ts` with all it imports into `.build/worker.js`, the same bytes on every machine.
 * The file appears whole or not at all, so that two builds at once do no harm.
 * @throws esbuild's BuildFailure, which names file and line
 */
export const bundleWorker = async (): Promise<WorkerBundle> => given ?? built("worker", "worker/index.ts");

/** Bundles `worker/probe/index.ts` likewise, into `.build/probe.js`. */
export const bundleProbe = (): Promise<WorkerBundle> => built("probe", "worker/probe/index.ts");

async function built(name: string, entryPoint: string): Promise<WorkerBundle> {
  const { source, packages } = await workerSource(root, entryPoint);
  await writeWhole(join(root, `.build/${name}.js`), source);
  return {
    contentFile: `../.build/${name}.js`,
    sha256: createHash("sha256").update(source).digest("hex"),
    bytes: source.byteLength,
    gzipBytes: gzipSync(source, { level: 9 }).byteLength,
    packages,
  };
}

/**
 * The bundle itself, with nothing written.
 * @param project the folder that `worker/` and `contract/` are in: this one by default
 * @throws esbuild's BuildFailure, which names file and line
 */
export async function workerSource(
  project = root,
  entryPoint = "worker/index.ts",
): Promise<{ readonly source: Uint8Array; readonly packages: readonly string[] }> {
  const inputs = new Set<string>();
  const source = await bundle(project, entryPoint, inputs, {
    conditions: ["workerd", "worker", "browser"],
    loader: { ".html": "text", ".css": "text" },
    external: ["cloudflare:workers"], // the runtime's own
    plugins: [browserScript(project, inputs)],
  });
  return { source, packages: packagesOf(inputs) };
}

/** Names of the packages that files come from: the folder behind the last node_modules, two levels for a scope. */
function packagesOf(files: Iterable<string>): string[] {
  const names = [...files].map((file) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/** `import text from "./main.ts?script"`: a browser module, bundled on its own, as a string in the Worker. */
const browserScript = (project: string, inputs: Set<string>): Plugin => ({
  name: "browser-script",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /\?script$/ }, ({ path, resolveDir }) => ({
      path: join(resolveDir, path.replace(/\?script$/, "")),
      namespace: "browser-script",
    }));
    onLoad({ filter: /.*/, namespace: "browser-script" }, async ({ path }) => ({
      contents: await bundle(project, path, inputs, {}),
      loader: "text",
    }));
  },
});

/** One bundle; the files that went into it are added to `inputs`. */
async function bundle(
  project: string,
  entryPoint: string,
  inputs: Set<string>,
  options: BuildOptions,
): Promise<Uint8Array> {
  const result = await build({
    ...options,
    absWorkingDir: project,
    entryPoints: [entryPoint],
    bundle: true,
    write: false,
    metafile: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    charset: "utf8",
    minify: true,
    legalComments: "none",
    logLevel: "silent",
  });
  const [output] = result.outputFiles;
  if (!output) throw new Error(`esbuild gave no output for ${entryPoint}`);
  for (const file of Object.keys(result.metafile.inputs)) inputs.add(file);
  return output.contents;
}

async function writeWhole(file: string, content: Uint8Array): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const draft = `${file}.${process.pid}.${crypto.randomUUID()}.draft`;
  try {
    await writeFile(draft, content);
    await rename(draft, file);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
