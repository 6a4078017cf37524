import { afterAll, beforeAll } from "vitest";
import { quiet } from "../progress.ts";
import { type Stage, setStage } from "../stage.ts";
import { startSshAgent } from "./ssh-agent.ts";

/**
 * One stage for all suites of a test file: a Debian host with OpenClaw takes its time and more than a gigabyte. The
 * suites stand beside what they test.
 */
export function sharedStage(): () => Stage {
  const teardown = new AsyncDisposableStack();
  let shared: Stage | undefined;

  beforeAll(async () => {
    // Before the stand-ins start: like real plugins they find the agent in their environment.
    const agent = await startSshAgent();
    teardown.defer(() => agent.stop());
    process.env.SSH_AUTH_SOCK = agent.socket;
    shared = await setStage({ progress: quiet, providers: "stand-ins", teardown });
    agent.add(shared.host.privateKey ?? "");
  }, 5 * 60_000);

  afterAll(async () => {
    await teardown.disposeAsync();
  }, 120_000);

  return () => {
    if (!shared) throw new Error("the stage is not set");
    return shared;
  };
}
