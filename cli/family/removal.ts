import { type CloudflareApi, revokePerson } from "../../infra/cloudflare-api.ts";
import type { GatewayConfig } from "../../infra/config.ts";
import type { Pulumi } from "../init/pulumi.ts";
import type { StackOfFamily } from "./household.ts";
import type { Step } from "./removal-steps.ts";

/** Everything that a removal needs, looked at before it begins. */
export interface Removal {
  readonly stack: StackOfFamily;
  readonly others: readonly StackOfFamily[];
  readonly config: GatewayConfig;
  readonly api: CloudflareApi;
  /** With the stack's backend and passphrase. */
  readonly pulumi: Pulumi;
  /** Runs an operation of the stack. @throws Error with what the engine said */
  readonly run: (operation: "up" | "destroy", detail: (words: string) => void) => Promise<void>;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
}

/** What is to be done, and what remains when it is done: nobody's to do, or a person's. */
export interface RemovalPlan {
  readonly steps: readonly Step[];
  readonly remains: readonly string[];
}

/** Ends a person's sessions at Access, also where what takes their login away has failed on its way. */
export function endSessions(person: string, { config, api }: Removal, repeats?: Step): Step {
  return {
    name: `ending the sessions of ${person}${repeats ? " once more" : ""}`,
    evenSo: true,
    ...(repeats && { repeats }),
    run: () =>
      revokePerson(config.accountId, person, api).then(
        () => undefined,
        (error: Error) =>
          `The sessions of ${person} at Access, for at most ${config.access.sessionDuration} (${error.message.split("\n")[0]}). The API token needs "Access: Organizations Revoke"; or by hand: https://one.dash.cloudflare.com/${config.accountId}/team/users, Revoke.`,
      ),
  };
}
