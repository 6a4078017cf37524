import { aptGet } from "./requirements.ts";
import { run } from "./run.ts";

/** Where this machine gets its Debian from, which is where the guest's comes from too. */
export interface Mirror {
  /** Base address of the archive, as this machine's own apt has it. */
  readonly uri: string;
  /** The machine's own release: what the guest gets if the wanted one is not to be had. */
  readonly suite: string;
  /** The machine's settings for the way there (proxies, certificates), as lines of apt.conf. */
  readonly aptOptions: readonly string[];
}

/**
 * Reads the machine's apt settings.
 *
 * @throws Error when none of its sources is an archive with a `main` component
 */
export async function readMirror(): Promise<Mirror> {
  let sources = await listSources();
  if (sources.length === 0) {
    await aptGet("update"); // apt only lists sources that it has fetched once, apt-get(8), indextargets
    sources = await listSources();
  }
  const [first] = sources;
  if (!first) throw new Error("No Debian archive is set up in this machine's apt sources.");
  return { ...first, aptOptions: await connectionOptions() };
}

async function listSources(): Promise<{ uri: string; suite: string }[]> {
  const format = "$(REPO_URI)\t$(CODENAME)\t$(COMPONENT)\t$(ORIGIN)";
  const lines = (await run("apt-get", ["indextargets", "--format", format, "Created-By: Packages"]))
    .trim()
    .split("\n")
    .map((line) => line.split("\t"));
  return lines.flatMap(([uri = "", suite = "", component, origin = ""]) =>
    component === "main" && /^(Debian|Raspbian|Ubuntu)$/.test(origin) && /^[a-z]+$/.test(suite)
      ? [{ uri, suite }]
      : [],
  );
}

/** The `Acquire::http` and `Acquire::https` settings: mmdebstrap does not take the machine's over by itself. */
async function connectionOptions(): Promise<string[]> {
  const settings = await run("apt-config", ["dump", "--no-empty"]);
  return settings.split("\n").filter((line) => /^Acquire::https?::/.test(line));
}
