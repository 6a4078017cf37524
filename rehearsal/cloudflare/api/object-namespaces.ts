import { build } from "esbuild";
import type { ObjectNamespace, Script } from "../account.ts";
import { hexId } from "../identifiers.ts";
import { ApiError } from "./envelope.ts";
import { invalidScript, type ScriptMetadata } from "./script-metadata.ts";

/**
 * The Durable Object namespaces that a script has after its upload. Of the migrations the local Cloudflare knows the one
 * that makes classes; of the statuses below 412 and 403 have been seen, 400 is a guess where nothing else is said.
 *
 * @throws {ApiError} 10079 a migration that does not follow, 10097 a class without SQLite, as on the free plan, 10074 a
 *   class that is there already
 */
export function applyMigrations(
  { migrations }: ScriptMetadata,
  before: Script | undefined,
): readonly ObjectNamespace[] {
  const namespaces = [...(before?.objectNamespaces ?? [])];
  if (!migrations) return namespaces;
  if (migrations.new_tag) refuseWrongTag(migrations.old_tag, before?.migrationTag);
  for (const step of [migrations, ...migrations.steps]) {
    for (const other of ["deleted_classes", "renamed_classes", "transferred_classes"] as const)
      if (step[other]?.length)
        throw new ApiError(501, invalidScript, `The local Cloudflare does not apply ${other}`);
    if (step.new_classes.length > 0)
      throw new ApiError(
        400,
        10097,
        "In order to use Durable Objects with a free plan, you must create a namespace using a `new_sqlite_classes` migration.",
      );
    for (const className of step.new_sqlite_classes) {
      if (namespaces.some((one) => one.className === className))
        throw new ApiError(
          412,
          10074,
          `Cannot apply new-sqlite-class migration to class '${className}' that is already depended on by existing Durable Objects`,
        );
      namespaces.push({ id: hexId(), className });
    }
  }
  return namespaces;
}

/**
 * `old_tag` must be the script's current tag, and may be left out only while it has none. The provider repeats the
 * same migrations with every update, which is why a second update can fail.
 */
function refuseWrongTag(oldTag: string | undefined, current: string | undefined): void {
  if (oldTag === current) return;
  throw new ApiError(412, 10079, `Migration tag precondition failed; current tag is ${current ?? "none"}`);
}

/**
 * Holds a script's bindings and namespaces against each other, and against the classes that its module exports.
 *
 * @throws {ApiError} 10061 a binding without a namespace, 10070 a new class that is not exported, 10064 one that has
 *   objects and is no longer exported
 */
export async function refuseWrongClasses(script: Script, before: Script | undefined): Promise<void> {
  for (const binding of script.bindings.filter((one) => one.type === "durable_object_namespace")) {
    const { class_name: className, script_name: other } = binding;
    if (other !== undefined && other !== script.id)
      throw new ApiError(501, invalidScript, "The local Cloudflare binds a script's own classes alone");
    if (!script.objectNamespaces.some((one) => one.className === className))
      throw new ApiError(
        400,
        10061,
        `Cannot create binding for class '${className}' because it is not currently configured to implement Durable Objects. Configure a migration in your configuration to add this class.`,
      );
  }
  if (script.objectNamespaces.length === 0) return;
  const exported = await exportsOf(script);
  for (const { id, className } of script.objectNamespaces) {
    if (exported.includes(className)) continue;
    if (before?.objectNamespaces.some((one) => one.id === id))
      throw new ApiError(
        403,
        10064,
        `New version of script does not export class '${className}' which is depended on by existing Durable Objects.`,
      );
    throw new ApiError(
      400,
      10070,
      `Cannot apply new-sqlite-class migration to class '${className}' that is not exported by script`,
    );
  }
}

/** Names that the main module exports. @throws {ApiError} 10021 it cannot be read */
async function exportsOf(script: Script): Promise<readonly string[]> {
  const main = script.modules.find((module) => module.name === script.mainModule);
  const contents = Buffer.from(main?.content ?? []).toString("utf8");
  const { metafile } = await build({
    stdin: { contents, loader: "js" },
    format: "esm",
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch(() => {
    throw new ApiError(400, invalidScript, "Uncaught SyntaxError: the main module cannot be read");
  });
  return Object.values(metafile.outputs).flatMap((output) => output.exports);
}
