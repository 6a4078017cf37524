import { terminalProgress } from "../../cli/terminal.ts";
import { preparePython } from "../../examples/testing/python.ts";
import { ensureEngine } from "../engine/index.ts";
import { prepareHost } from "../host/prepare.ts";
import { ensurePrograms } from "../host/requirements.ts";

/** What the tests that boot hosts share: Debian, OpenClaw, the engine and Python, in the user's cache folder. */
export default async function setup(): Promise<void> {
  const { progress } = terminalProgress();
  await ensurePrograms({ "ssh-agent": "openssh-client" });
  await prepareHost(progress);
  await ensureEngine(progress);
  await preparePython(progress);
}
