import { LocalWorkspace, PulumiCommand, Stack } from "@pulumi/pulumi/automation/index.js";
import gateway from "../../infra/index.ts";
import { keepConnectionsApart } from "../../rehearsal/engine/connections.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { projectFolder } from "../init/places.ts";
import type { StackOfFamily } from "./household.ts";

/** The engine's command, which the SDK starts to ask its version: once a process, not once a stack. */
const commands = new Map<string, Promise<PulumiCommand>>();

function commandOf({ root }: Engine): Promise<PulumiCommand> {
  const command = commands.get(root) ?? PulumiCommand.get({ root });
  commands.set(root, command);
  return command;
}

/**
 * A stack of the project, run by the Automation API with the program in this process.
 *
 * The SDK would first select the stack, for the whole folder: that is the choice of whoever types `npx pulumi` there,
 * and every command is told its stack anyway.
 *
 * @returns the stack; its own name is the one with the organisation
 */
export async function openStack({ ref, env }: StackOfFamily, engine: Engine): Promise<Stack> {
  keepConnectionsApart();
  const workspace = await LocalWorkspace.create({
    workDir: projectFolder(),
    program: gateway,
    envVars: { PULUMI_SKIP_UPDATE_CHECK: "true", ...env },
    pulumiCommand: await commandOf(engine),
  });
  workspace.selectStack = async () => {};
  return Stack.select(ref, workspace);
}
