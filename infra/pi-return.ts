import { AsyncResource } from "node:async_hooks";
import { setTimeout as pause } from "node:timers/promises";
import * as pulumi from "@pulumi/pulumi";
import type { PiConfig } from "./config.ts";
import { runOverSsh } from "./ssh.ts";
import { doorOf, sshTarget } from "./ssh-door.ts";
import { PiUnreachable } from "./ssh-refusal.ts";

/** A Pi that was restarted is back within a minute or two. */
const patienceMs = 180_000;
const mostRepeats = 2;

/**
 * The plugin's words (crypto/ssh's and net's) for a connection that broke, or that could not be made: what a Pi that
 * restarts, or lost its network for a moment, looks like in the middle of an up.
 */
const brokenConnection =
  /without exit status or exit signal|failed attempts: dial tcp|ssh: rejected: connect failed|connection reset|i\/o timeout|: EOF|use of closed network connection/;

/**
 * Runs a step again that the connection broke under, once the Pi answers again: every step may be repeated. What the
 * step itself said was wrong is not tried again.
 */
export function repeatWhenPiReturns(name: string, config: PiConfig): pulumi.ErrorHook {
  const repeat = async ({ errors }: pulumi.ErrorHookArgs): Promise<boolean> => {
    if (!brokenConnection.test(errors[0] ?? "")) return false;
    pulumi.log.warn(
      `PI_CONNECTION_LOST: the connection to ${config.host} was lost in the middle of a step; waiting for it to return`,
    );
    const gone = errors.length <= mostRepeats ? await awaitReturn(config) : undefined;
    if (errors.length <= mostRepeats && gone === undefined) {
      pulumi.log.info(`${config.host} is back: the step runs again`);
      return true;
    }
    pulumi.log.error(
      `PI_CONNECTION_LOST: the connection to ${config.host} was lost in the middle of a step${gone ? ` and did not return: ${gone.message}` : " again and again"}\n` +
        `  nothing is lost. When it answers again (ssh ${sshTarget(doorOf(config))}), npx pulumi up goes on where this one stopped, and npx pulumi destroy takes off what it made`,
    );
    return false;
  };
  return new pulumi.ErrorHook(`${name}-repeat-when-pi-returns`, inProgram(repeat));
}

/**
 * Lets a hook log: the engine calls it from outside the program's async context, where an inline program's SDK does not
 * know which engine to talk to.
 */
export const inProgram = <A, R>(hook: (args: A) => R): ((args: A) => R) => AsyncResource.bind(hook);

/** @returns why it did not return within three minutes; nothing when it did */
async function awaitReturn(config: PiConfig): Promise<PiUnreachable | undefined> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    try {
      await runOverSsh(config, "true", "");
      return undefined;
    } catch (error) {
      if (!(error instanceof PiUnreachable)) throw error;
      const mayPass = ["PI_UNREACHABLE", "PI_NO_SSH", "PI_NAME_UNKNOWN", "PI_CONNECTION_LOST", "PI_TOO_SLOW"];
      if (!mayPass.includes(error.code) || Date.now() > deadline) return error;
    }
    await pause(2_000);
  }
}
