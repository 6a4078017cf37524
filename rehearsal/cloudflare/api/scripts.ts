import { createHash } from "node:crypto";
import type { Context, Hono } from "hono";
import type { Account, Binding, Script, ScriptModule } from "../account.ts";
import type { ScriptRuntime } from "../edge/runtime.ts";
import { timestamp } from "../identifiers.ts";
import { allows } from "./authenticate.ts";
import { ApiError, answer, answerList } from "./envelope.ts";
import { applyMigrations, refuseWrongClasses } from "./object-namespaces.ts";
import { invalidScript, readMainModule, readMetadata, resolveBindings } from "./script-metadata.ts";

/** The script of this name; 10007 when there is none. */
export function scriptOf(account: Account, name: string): Script {
  const script = account.scripts.get(name);
  if (!script) throw new ApiError(404, 10007, "This Worker does not exist on your account.");
  return script;
}

/** Upload, read and deletion of Workers: A/workers/scripts and A/workers/services. */
export function serveScripts(routes: Hono, account: Account, runtime: ScriptRuntime): void {
  const one = (c: Context): Script => scriptOf(account, c.req.param("name") as string);
  /** The upload counts only once the script has started, as Cloudflare validates it by running it. */
  const put = async (script: Script) => {
    await refuseWrongClasses(script, account.scripts.get(script.id));
    await runtime.deploy(script).catch((error: Error) => {
      throw new ApiError(400, invalidScript, `Uncaught ${error.message}`);
    });
    return { ...showScript(account.scripts.put(script)), startup_time_ms: 5 };
  };

  routes.get("/workers/scripts", (c) => answerList(c, account.scripts.list().map(showScript)));
  routes.put("/workers/scripts/:name", async (c) => {
    const script = await readUpload(
      account,
      c.req.param("name"),
      await c.req.formData(),
      allows(c, "Connectivity Directory Bind"),
    );
    return answer(c, await put(script));
  });
  // A new version's code alone: config and metadata stay as they are
  // (https://developers.cloudflare.com/api/resources/workers/subresources/scripts/subresources/content/methods/update/).
  routes.put("/workers/scripts/:name/content", async (c) =>
    answer(c, await put(await readContent(one(c), await c.req.formData()))),
  );
  // Without `force` it is refused while other scripts bind its Durable Objects, which none can here; its own are no
  // obstacle: wrangler forces for those of others alone, and the real provider never does.
  routes.delete("/workers/scripts/:name", async (c) => {
    const script = one(c);
    account.scripts.delete(script.id);
    for (const domain of account.customDomains.list().filter((d) => d.service === script.id))
      account.customDomains.delete(domain.id);
    await runtime.remove(script);
    return answer(c, { id: script.id });
  });

  routes.get("/workers/services/:name", (c) => {
    const script = one(c);
    const times = { created_on: script.createdAt, modified_on: script.updatedAt };
    const environment = { environment: "production", script: showScript(script), ...times };
    return answer(c, {
      id: script.id,
      default_environment: environment,
      environments: [environment],
      usage_model: "standard",
      ...times,
    });
  });
  routes.get("/workers/scripts/:name/settings", (c) => answer(c, showSettings(one(c))));
  routes.get("/workers/scripts/:name/content/v2", (c) => {
    const script = one(c);
    const form = new FormData();
    for (const { name, contentType, content } of script.modules)
      form.append(name, new File([Buffer.from(content)], name, { type: contentType }));
    return new Response(form, { headers: { "cf-entrypoint": script.mainModule } });
  });
}

async function readUpload(account: Account, name: string, form: FormData, mayBind: boolean): Promise<Script> {
  const before = account.scripts.get(name);
  if (!before) refuseNew(account);
  const metadataText = await metadataOf(form);
  const metadata = readMetadata(account, metadataText, mayBind);
  const modules = await readModules(form, metadata.main_module);
  return {
    id: name,
    etag: etagOf(modules, metadataText),
    mainModule: metadata.main_module,
    modules,
    bindings: resolveBindings(metadata, before),
    compatibilityDate: metadata.compatibility_date,
    compatibilityFlags: metadata.compatibility_flags,
    migrationTag: metadata.migrations?.new_tag ?? before?.migrationTag,
    objectNamespaces: applyMigrations(metadata, before),
    enabled: before?.enabled ?? false,
    previewsEnabled: before?.previewsEnabled ?? false,
    schedules: before?.schedules ?? [],
    createdAt: before?.createdAt ?? timestamp(),
    updatedAt: timestamp(),
    metadata,
  };
}

/** The script with other modules. */
async function readContent(before: Script, form: FormData): Promise<Script> {
  const metadataText = await metadataOf(form);
  const mainModule = readMainModule(metadataText);
  const modules = await readModules(form, mainModule);
  const etag = etagOf(modules, JSON.stringify(before.metadata));
  return { ...before, etag, mainModule, modules, updatedAt: timestamp() };
}

async function metadataOf(form: FormData): Promise<string> {
  const part = form.get("metadata");
  if (part === null) throw new ApiError(400, invalidScript, "the metadata part is missing");
  return typeof part === "string" ? part : part.text();
}

async function readModules(form: FormData, mainModule: string): Promise<ScriptModule[]> {
  const modules: ScriptModule[] = [];
  for (const [key, value] of form) {
    if (key === "metadata") continue;
    // Clients name a module by the part or by its file, as `main_module` shows.
    const file =
      typeof value === "string" ? new File([value], key, { type: "application/javascript+module" }) : value;
    const moduleName = key === mainModule ? key : file.name;
    modules.push({
      name: moduleName,
      contentType: file.type,
      content: new Uint8Array(await file.arrayBuffer()),
    });
  }
  if (!modules.some((module) => module.name === mainModule))
    throw new ApiError(400, invalidScript, `main_module ${mainModule} is not among the uploaded modules`);
  return modules;
}

/** What stands against one more Worker. A guess: the words of 10037. */
function refuseNew(account: Account): void {
  if (!account.hasWorkersSubdomain)
    throw new ApiError(
      400,
      10063,
      "You need a workers.dev subdomain in order to proceed. Please go to the dashboard and open the Workers menu. Opening the Workers landing page for the first time will create a workers.dev subdomain automatically.",
    );
  if (account.scripts.list().length >= account.limits.workers)
    throw new ApiError(400, 10037, `You have exceeded the limit of ${account.limits.workers} Workers.`);
}

function etagOf(modules: readonly ScriptModule[], metadata: string): string {
  const hash = createHash("sha256");
  for (const module of modules) hash.update(module.name).update(module.content);
  return hash.update(metadata).digest("hex");
}

const showScript = (script: Script) => ({
  id: script.id,
  etag: script.etag,
  handlers: ["fetch"],
  has_assets: false,
  has_modules: true,
  created_on: script.createdAt,
  modified_on: script.updatedAt,
  compatibility_date: script.compatibilityDate,
  compatibility_flags: script.compatibilityFlags,
  migration_tag: script.migrationTag,
  usage_model: "standard",
  logpush: false,
  placement: {},
  tail_consumers: null,
  observability: script.metadata.observability,
  last_deployed_from: "api",
});

function showBinding(script: Script, binding: Binding) {
  if (binding.type === "secret_text") return { type: binding.type, name: binding.name };
  if (binding.type !== "durable_object_namespace") return binding;
  const namespace = script.objectNamespaces.find((one) => one.className === binding.class_name);
  return { ...binding, namespace_id: namespace?.id };
}

function showSettings(script: Script) {
  const { observability, limits, tags, logpush } = script.metadata;
  return {
    bindings: script.bindings.map((binding) => showBinding(script, binding)),
    compatibility_date: script.compatibilityDate,
    compatibility_flags: script.compatibilityFlags,
    usage_model: "standard",
    placement: {},
    tags: tags ?? [],
    tail_consumers: null,
    logpush: logpush ?? false,
    observability: observability ?? { enabled: false },
    limits,
    migration_tag: script.migrationTag,
  };
}
