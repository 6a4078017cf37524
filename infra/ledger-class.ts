import * as pulumi from "@pulumi/pulumi";
import {
  LEDGER_CLASS,
  LEDGER_MIGRATION,
  WORKER_COMPATIBILITY_DATE,
  WORKER_MAIN_MODULE,
} from "../contract/worker.ts";
import {
  type CloudflareApi,
  CloudflareApiError,
  cloudflareOfStack,
  putCloudflare,
  readCloudflare,
} from "./cloudflare-api.ts";

/** The variable by which a placeholder is known: no gateway has it, and an upload replaces all variables. */
const MARK = "PLACEHOLDER_OF";

/** Exports the class and answers nothing. It stands for as long as the gateway's own upload takes. */
const placeholderOf = (className: string): string => `export class ${className} {}
export default { fetch: () => new Response(null, { status: 503 }) };
`;

const scriptPath = (accountId: string, scriptName: string): string =>
  `/accounts/${accountId}/workers/scripts/${scriptName}`;

/**
 * Makes the class of the Durable Object that counts, before the Worker is created, or before the first upload to one that
 * was adopted: a script that binds it is refused
 * unless the class is there, and the provider cannot make it, because it sends the same `migrations` with every later
 * update, which Cloudflare refuses (10079). So a placeholder under the Worker's own name carries the migration, once;
 * the provider's upload then replaces it and carries none.
 * https://developers.cloudflare.com/durable-objects/reference/durable-objects-migrations/
 */
export const makeLedgerClass = (accountId: string, scriptName: string): pulumi.ResourceHook =>
  makeObjectClass(accountId, scriptName, LEDGER_CLASS);

/** The same for a class of any name. */
export function makeObjectClass(
  accountId: string,
  scriptName: string,
  className: string,
): pulumi.ResourceHook {
  const api = cloudflareOfStack();
  return new pulumi.ResourceHook(`class ${className} of the Worker ${scriptName}`, async () => {
    // The same migration twice is refused: of a placeholder that a cut has left, too.
    if (await hasObjectClass(accountId, scriptName, api)) return;
    await uploadPlaceholder(accountId, scriptName, api, className);
  });
}

export const uploadPlaceholder = (
  accountId: string,
  scriptName: string,
  api: CloudflareApi,
  className = LEDGER_CLASS,
): Promise<void> => putCloudflare(scriptPath(accountId, scriptName), placeholder(scriptName, className), api);

interface Service {
  readonly default_environment?: { readonly script?: { readonly migration_tag?: string } };
}

/** The tag is told with the service, as wrangler reads it, and in no other place. */
async function hasObjectClass(accountId: string, scriptName: string, api: CloudflareApi): Promise<boolean> {
  const path = `/accounts/${accountId}/workers/services/${scriptName}`;
  const service = await readCloudflare<Service>(path, api).catch(unlessMissing);
  return service?.default_environment?.script?.migration_tag === LEDGER_MIGRATION;
}

const unlessMissing = (error: Error): undefined => {
  if (error instanceof CloudflareApiError && error.status === 404) return undefined;
  throw error;
};

/** Whether a script of this name is no more than a placeholder of ours. */
export async function isPlaceholder(
  accountId: string,
  scriptName: string,
  api: CloudflareApi,
): Promise<boolean> {
  const settings = await readCloudflare<{ bindings?: { name: string; text?: string }[] }>(
    `${scriptPath(accountId, scriptName)}/settings`,
    api,
  ).catch(unlessMissing);
  return settings?.bindings?.some(({ name, text }) => name === MARK && text === scriptName) ?? false;
}

function placeholder(scriptName: string, className: string): FormData {
  const metadata = {
    main_module: WORKER_MAIN_MODULE,
    compatibility_date: WORKER_COMPATIBILITY_DATE,
    bindings: [{ type: "plain_text", name: MARK, text: scriptName }],
    migrations: { new_tag: LEDGER_MIGRATION, new_sqlite_classes: [className] },
  };
  const form = new FormData();
  form.append("metadata", new Blob([JSON.stringify(metadata)], { type: "application/json" }));
  const module = new Blob([placeholderOf(className)], { type: "application/javascript+module" });
  form.append(WORKER_MAIN_MODULE, module, WORKER_MAIN_MODULE);
  return form;
}
