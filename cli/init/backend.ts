import { Refusal } from "../../infra/refusal.ts";
import { currentBackend } from "./current-backend.ts";
import type { Pulumi } from "./pulumi.ts";
import { accepted, type Setup } from "./setup.ts";

/** Where the state of the stack is kept. */
export interface Backend {
  /** As PULUMI_BACKEND_URL has it. */
  readonly url: string;
  /** Pulumi Cloud, or a server that speaks its API: it keeps the key of the stack's secrets too. */
  readonly isService: boolean;
  /** The project's stacks that are there already. */
  readonly stacks: readonly string[];
}

const thisMachine = "file://~";
const pulumiCloud = "https://api.pulumi.com";

const isService = (url: string): boolean => /^https?:/.test(url);

/** Asks where the state is to be kept, and looks whether it can be reached. */
export async function chooseBackend(
  { options, person, progress }: Setup,
  pulumi: Pulumi,
): Promise<{ backend: Backend; pulumi: Pulumi }> {
  const current = await currentBackend(pulumi).catch((error: Error) => {
    // Whoever has said where the state is to be needs no login elsewhere.
    if (options.backend !== undefined) return undefined;
    throw error;
  });
  person?.heading("State");
  person?.tell(
    "Pulumi remembers what it has built in a state, with every secret in it encrypted. Without its state a stack can\n" +
      "neither be changed nor taken down by itself.",
  );
  return accepted(
    person,
    options.backend ?? (person ? undefined : (current ?? thisMachine)),
    async (asked) => {
      const choice = await asked.choose({
        message: "Where shall the state be kept?",
        choices: [
          ...(current && ![thisMachine, pulumiCloud].includes(current)
            ? [{ value: current, name: `Where Pulumi is logged in now: ${current}` }]
            : []),
          {
            value: thisMachine,
            name: "On this machine, in ~/.pulumi",
            description: "Nobody else has it. Back it up: a copy of ~/.pulumi and of the passphrase.",
          },
          {
            value: pulumiCloud,
            name: "Pulumi Cloud (needs an account there)",
            description: "Free for one person. Log in first, in another terminal: npx pulumi login",
          },
          { value: "", name: "Somewhere else: a folder, S3, Azure Blob or Google Cloud Storage" },
        ],
        initial: current ?? thisMachine,
      });
      return choice || asked.text({ message: "Backend URL (file:///FOLDER, s3://BUCKET, …)" });
    },
    (url) =>
      progress.step(`looking at the backend ${url}`, async () => {
        const there = pulumi.with({ PULUMI_BACKEND_URL: url });
        const list = await there(["stack", "ls", "--json"]).catch((error: Error) => {
          throw new Refusal(
            "BACKEND_UNUSABLE",
            `the backend ${url} cannot be used: ${error.message}`,
            mendOf(url),
          );
        });
        const stacks = (JSON.parse(list) as { name: string }[]).map(
          ({ name }) => name.split("/").at(-1) ?? name,
        );
        return { backend: { url, isService: isService(url), stacks }, pulumi: there };
      }),
  );
}

function mendOf(url: string): string {
  if (isService(url)) return `log in there first, then run this again: npx pulumi login ${url}`;
  if (/^file:\/\/\//.test(url))
    return `make the folder first: mkdir -m 700 -p ${url.slice("file://".length)}`;
  return "its URL and credentials are as in https://www.pulumi.com/docs/iac/concepts/state-and-backends/";
}
