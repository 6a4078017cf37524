import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { cached } from "../cache.ts";
import { run } from "./run.ts";

const module = "github.com/pulumi/pulumi";
const buildMs = 30 * 60_000;

/**
 * The root of an engine built from its own Go module, at the version that go.mod beside this file pins. Built once,
 * in about five minutes on two cores, then kept in the user's cache.
 *
 * @returns nothing when there is no Go
 * @throws when the build fails
 */
export async function fromGo(detail: (text: string) => void): Promise<string | undefined> {
  const version = await pinnedVersion();
  // What is cached needs no Go any more, so Go is only asked for when something is to be built.
  let missing = false;
  const root = await cached(`engine-${version}`, async (draft) => {
    if (!(await hasGo())) {
      missing = true;
      throw new Error("no Go");
    }
    await build(version, join(draft, "bin/pulumi"), detail);
  }).catch((error: Error) => {
    if (missing) return undefined;
    throw error;
  });
  return root;
}

/** The version of the engine that go.mod requires, such as `v3.259.0`. */
export async function pinnedVersion(): Promise<string> {
  const requirements = await readFile(join(import.meta.dirname, "go.mod"), "utf8");
  const version = /github\.com\/pulumi\/pulumi\/pkg\/v3 (v\S+)/.exec(requirements)?.[1];
  if (!version) throw new Error("rehearsal/engine/go.mod does not require github.com/pulumi/pulumi/pkg/v3");
  return version;
}

const hasGo = (): Promise<boolean> =>
  run("go", ["version"], { timeoutMs: 10_000 }).then(
    () => true,
    () => false,
  );

/** Builds with the release's own flags; without the version in it the Automation API refuses the binary. */
async function build(version: string, output: string, detail: (text: string) => void): Promise<void> {
  const started = Date.now();
  let compiled = 0;
  let fetched = 0;
  const tell = () => {
    const seconds = Math.round((Date.now() - started) / 1000);
    const fetching =
      fetched > 0 && compiled === 0 ? `${fetched} modules fetched` : `${compiled} packages compiled`;
    detail(`building ${version} with Go, once: ${fetching}, ${seconds} s of about 300`);
  };
  const clock = setInterval(tell, 1000);
  try {
    const flags = `-s -w -X ${module}/sdk/v3/go/common/version.Version=${version}`;
    await run(
      "go",
      ["build", "-v", "-trimpath", "-ldflags", flags, "-o", output, `${module}/pkg/v3/cmd/pulumi`],
      {
        cwd: import.meta.dirname,
        env: { GOFLAGS: "-mod=readonly", GOWORK: "off" },
        timeoutMs: buildMs,
        onStderr: (text) => {
          for (const line of text.split("\n").filter(Boolean)) {
            if (line.startsWith("go: downloading")) fetched++;
            else compiled++;
          }
        },
      },
    );
  } finally {
    clearInterval(clock);
  }
}
