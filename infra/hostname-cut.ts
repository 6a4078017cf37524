import * as pulumi from "@pulumi/pulumi";
import { WORKERS_DEV } from "./config-names.ts";
import { inProgram } from "./pi-return.ts";

interface Guarded {
  readonly domain?: string;
  readonly destinations?: readonly { readonly uri?: string }[];
}

/**
 * Says, in the preview too, that an update of the Access application takes every name that the gateway had away at once:
 * a new one needs minutes until its DNS record and certificate are everywhere, and what people have open is cut. As a
 * hook, since the program itself does not know what was before.
 */
export const tellOfCut = (name: string): pulumi.ResourceHook =>
  new pulumi.ResourceHook(
    `${name}-hostname-cut`,
    inProgram(({ oldInputs, newInputs }: pulumi.ResourceHookArgs) => {
      const before = hostnamesOf(oldInputs as Guarded);
      const now = hostnamesOf(newInputs as Guarded);
      const [main] = before;
      if (main === undefined || before.some((hostname) => now.includes(hostname))) return;
      const kept = main.endsWith(".workers.dev") ? WORKERS_DEV : main;
      pulumi.log.warn(
        [
          `HOSTNAME_CUT: the gateway moves from ${main} to ${now[0]} at once: whoever uses it at ${main} is cut off`,
          `to keep both while people change over: npx pulumi config set --path 'alsoHostnames[0]' ${kept} && npx pulumi up`,
          "and once nobody uses the old one: npx pulumi config rm alsoHostnames && npx pulumi up",
        ].join("\n  "),
      );
    }),
    { onDryRun: true },
  );

const hostnamesOf = ({ domain, destinations }: Guarded): string[] =>
  destinations?.flatMap(({ uri }) => uri ?? []) ?? (domain === undefined ? [] : [domain]);
