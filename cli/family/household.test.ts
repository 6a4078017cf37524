import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { ensureEngine } from "../../rehearsal/engine/index.ts";
import { quiet } from "../../rehearsal/progress.ts";
import { type Pulumi, pulumiOf } from "../init/pulumi.ts";
import { household } from "./household.ts";

interface Home {
  /** The real Pulumi, of somebody who has set up nothing yet. */
  readonly pulumi: Pulumi;
  /** What Pulumi keeps of its own. */
  readonly own: string;
  /** A folder for a state. */
  readonly state: string;
  /** Writes where a stack's state is, as the set-up does. */
  record(stack: string, backend: string): Promise<void>;
}

async function newHome(env: Readonly<Record<string, string>> = {}): Promise<Home> {
  const folder = await mkdtemp(join(tmpdir(), "household-"));
  vi.stubEnv("XDG_CONFIG_HOME", join(folder, "config"));
  vi.stubEnv("PULUMI_BACKEND_URL", "");
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    await rm(folder, { recursive: true });
  });
  const [own, state, settings] = ["pulumi", "state", "config/openclaw-gateway"].map((one) =>
    join(folder, one),
  );
  for (const one of [own, state, settings]) await mkdir(one as string, { recursive: true });
  await symlink(join(import.meta.dirname, "../../Pulumi.yaml"), join(folder, "Pulumi.yaml"));
  const engine = await ensureEngine(quiet);
  return {
    pulumi: pulumiOf(engine, folder, {
      PULUMI_HOME: own as string,
      PULUMI_CONFIG_PASSPHRASE: "test",
      ...env,
    }),
    own: own as string,
    state: `file://${state}`,
    record: (stack, backend) =>
      writeFile(
        join(settings as string, `${stack}.env`),
        `export PULUMI_BACKEND_URL=${backend}\nexport PULUMI_CONFIG_PASSPHRASE_FILE=/${stack}\n`,
      ),
  };
}

/** As much of Pulumi Cloud's API as it takes to list the stacks of a person, who has one and is in an organisation. */
async function startPulumiCloud(): Promise<string> {
  const project = { projectName: "openclaw-gateway" };
  const answers: Readonly<Record<string, unknown>> = {
    "/api/user": { githubLogin: "mia", organizations: [{ githubLogin: "mia" }, { githubLogin: "acme" }] },
    "/api/capabilities": { capabilities: [] },
    "/api/user/organizations/default": { gitHubLogin: "mia" },
    "/api/user/stacks": {
      stacks: [
        { ...project, orgName: "mia", stackName: "ada" },
        { ...project, orgName: "acme", stackName: "bob" },
      ],
    },
  };
  const server = createServer(({ url = "" }, response) => {
    const answer = answers[url.split("?")[0] ?? ""];
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { code: 404, message: "not found" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test("finds the stacks of a server of Pulumi Cloud's kind, and tells Pulumi the organisation of one", async () => {
  const api = await startPulumiCloud();
  const { pulumi } = await newHome({ PULUMI_API: api, PULUMI_ACCESS_TOKEN: "pul-test" });
  expect(await household(pulumi)).toMatchObject([
    { name: "ada", ref: "ada", backend: api, env: { PULUMI_BACKEND_URL: api } },
    { name: "bob", ref: "acme/bob", backend: api, file: join(process.cwd(), "Pulumi.bob.yaml") },
  ]);
});

test("says that there is no stack, and which line makes one", async () => {
  const { pulumi, own, state, record } = await newHome();
  await expect(household(pulumi)).rejects.toThrow(
    /^STACKS_NONE: .*not logged in anywhere\n.*npm run family -- add NAME/,
  );
  await record("ada", state);
  await expect(household(pulumi)).rejects.toThrow(
    `STACKS_NONE: there is no stack of this project in ${state}\n`,
  );
  // What is broken is not taken for a login that was never made.
  await writeFile(join(own, "credentials.json"), "{");
  await expect(household(pulumi)).rejects.toThrow("PULUMI_FAILED");
});

test("takes two spellings of one folder for one backend, with what is recorded for it", async () => {
  const { pulumi, state, record } = await newHome();
  await pulumi.with({ PULUMI_BACKEND_URL: state })(["stack", "init", "ada", "--no-select"]);
  await record("ada", `${state}/`);
  await record("bob", state);
  // Whichever of the two spellings is looked at.
  expect(await household(pulumi)).toMatchObject([
    { name: "ada", env: { PULUMI_CONFIG_PASSPHRASE_FILE: "/ada" } },
  ]);
});
