import { configSchema } from "../../infra/config.ts";
import { WORKERS_DEV } from "../../infra/config-names.ts";
import { lookAtHostnames } from "../../infra/hostnames.ts";
import { baseName } from "../../infra/names.ts";
import type { CloudflareAccount } from "./account.ts";
import { accepted, refuseWrong, type Setup, wrongBy } from "./setup.ts";
import type { Stored } from "./stored.ts";

const rule = configSchema.shape.hostname;

/** What of the config says where the gateway answers; an empty text is written where there was one before. */
export interface HostnameValues {
  readonly hostname?: string;
  readonly zoneId?: string;
}

/** The address that the gateway has by these values. */
export function addressOf(
  stack: string,
  values: Readonly<Record<string, unknown>>,
  { workersSubdomain }: Pick<CloudflareAccount, "workersSubdomain">,
): string {
  const subdomain = values.workersSubdomain || workersSubdomain;
  return `https://${values.hostname || `${values.workerName || baseName(stack)}.${subdomain}.workers.dev`}`;
}

/**
 * Asks whether the gateway shall have a hostname of its own, which none has to: Enter leaves it as it is. What is given
 * is looked up: its zone, and whether it is free.
 */
export async function chooseHostname(
  { options, person, progress }: Setup,
  stack: string,
  account: CloudflareAccount,
  { values }: Stored,
): Promise<HostnameValues> {
  const before = (values.hostname as string | undefined) ?? "";
  person?.heading("Address");
  person?.tell(
    `The gateway answers at ${addressOf(stack, { ...values, hostname: "" }, account)},\n` +
      "or at a hostname of your own, in a zone of this account. For that the API token needs Zone: Read and DNS: Read there.",
  );
  return accepted(
    person,
    options.hostname ?? (person ? undefined : before),
    (asked) =>
      asked.text({
        message: `Hostname of its own (Enter for ${before || "none"})`,
        initial: before || WORKERS_DEV,
        wrong: (answer) => wrongBy(rule, answered(answer)),
      }),
    async (given) => {
      const hostname = refuseWrong(rule, answered(given), "--hostname");
      if (hostname)
        await progress.step(`looking at ${hostname}`, (detail) =>
          lookAtHostnames(
            {
              accountId: account.accountId,
              hostnames: [hostname],
              zoneIds: {},
              scriptName: (values.workerName as string | undefined) || baseName(stack),
              tokenPage: account.tokenPage,
            },
            { ...account.api, onWait: detail },
          ),
        );
      if (hostname === before) return {};
      // The zone that was named is the one of the name before.
      return { hostname, ...(values.zoneId ? { zoneId: "" } : {}) };
    },
  );
}

/** `workers.dev` stands for the address there. */
const answered = (text: string): string => (text.trim() === WORKERS_DEV ? "" : text.trim().toLowerCase());
