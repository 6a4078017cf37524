import { afterAll, beforeAll } from "vitest";
import { recipesSuite } from "../cli/docs/recipes.suite.ts";
import { initSuite } from "../cli/init/init.suite.ts";
import { rehearsePiSuite } from "../cli/rehearse-pi.suite.ts";
import { examplesSuite } from "../examples/examples.suite.ts";
import { interruptedSuite } from "../infra/interrupted.suite.ts";
import { piFaultsSuite } from "../infra/pi-faults.suite.ts";
import { piLookSuite } from "../infra/pi-look.suite.ts";
import { programSuite } from "../infra/program.suite.ts";
import { connectorSuite } from "../pi/connector.suite.ts";
import { openclawSuite } from "../pi/openclaw.suite.ts";
import { quiet } from "./progress.ts";
import { type Stage, setStage } from "./stage.ts";
import { startSshAgent } from "./testing/ssh-agent.ts";

// The suites stand beside what they test; they share one stage, since a Debian host with OpenClaw takes its time and
// more than a gigabyte.
const teardown = new AsyncDisposableStack();
let shared: Stage | undefined;

function stage(): Stage {
  if (!shared) throw new Error("the stage is not set");
  return shared;
}

beforeAll(async () => {
  // Before the stand-ins start: like real plugins they find the agent in their environment.
  const agent = await startSshAgent();
  teardown.defer(() => agent.stop());
  process.env.SSH_AUTH_SOCK = agent.socket;
  // From cold this builds the engine, Debian and OpenClaw.
  shared = await setStage({ progress: quiet, providers: "stand-ins", teardown });
  agent.add(shared.host.privateKey ?? "");
}, 15 * 60_000);

afterAll(async () => {
  await teardown.disposeAsync();
}, 120_000);

piLookSuite(stage);
connectorSuite(stage);
openclawSuite(stage);
programSuite(stage);
piFaultsSuite(stage);
examplesSuite(stage);
recipesSuite(stage);
initSuite(stage);
rehearsePiSuite(stage);
interruptedSuite(stage);
