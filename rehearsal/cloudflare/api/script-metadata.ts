import * as z from "zod";
import type { Account, Binding, Script } from "../account.ts";
import { ApiError, parseBody } from "./envelope.ts";

/** Cloudflare's code for a script or its metadata that does not validate. */
export const invalidScript = 10021;

const name = z.string().min(1);
/** Variables hold 5 KB each (https://developers.cloudflare.com/workers/platform/limits/#environment-variables). */
const text = z.string().refine((value) => Buffer.byteLength(value) <= 5 * 1024, "longer than 5 KB");

const binding = z.discriminatedUnion("type", [
  z.looseObject({ type: z.literal("plain_text"), name, text }),
  z.looseObject({ type: z.literal("secret_text"), name, text }),
  z.looseObject({ type: z.literal("json"), name, json: z.unknown() }),
  z.looseObject({ type: z.literal("inherit"), name }),
  z.looseObject({ type: z.literal("kv_namespace"), name, namespace_id: z.string() }),
  z.looseObject({ type: z.literal("vpc_service"), name, service_id: z.string() }),
  z.looseObject({
    type: z.literal("ratelimit"),
    name,
    namespace_id: z.string().regex(/^[1-9]\d*$/, "not a positive integer"),
    simple: z.looseObject({ limit: z.int().positive(), period: z.union([z.literal(10), z.literal(60)]) }),
  }),
  z.looseObject({
    type: z.literal("durable_object_namespace"),
    name,
    class_name: z.string(),
    script_name: z.string().optional(),
  }),
]);

const classes = z.array(z.string()).default([]);
const migration = {
  new_classes: classes,
  new_sqlite_classes: classes,
  deleted_classes: z.array(z.unknown()).optional(),
  renamed_classes: z.array(z.unknown()).optional(),
  transferred_classes: z.array(z.unknown()).optional(),
};

const metadata = z.looseObject({
  main_module: name,
  bindings: z.array(binding).default([]),
  compatibility_date: z.iso.date(),
  compatibility_flags: z.array(z.string()).default([]),
  keep_bindings: z.array(z.string()).optional(),
  migrations: z
    .looseObject({
      old_tag: z.string().optional(),
      new_tag: z.string().optional(),
      steps: z.array(z.looseObject(migration)).default([]),
      ...migration,
    })
    .optional()
    .nullable(),
});

export type ScriptMetadata = z.infer<typeof metadata>;

/**
 * The metadata part of an upload, validated against what the account has.
 *
 * @param mayBind whether the caller's token may bind VPC services
 * @throws {ApiError} 10021 malformed, 10196 a VPC service that is not there
 */
export function readMetadata(account: Account, part: string, mayBind: boolean): ScriptMetadata {
  const read = parseBody(metadata, parsePart(part), invalidScript);
  const names = new Set<string>();
  for (const one of read.bindings) {
    if (names.has(one.name)) throw new ApiError(400, invalidScript, `binding ${one.name} is declared twice`);
    names.add(one.name);
    if (one.type === "vpc_service" && !(mayBind && account.vpcServices.get(one.service_id)))
      throw new ApiError(403, 10196, `not authorized for the requested VPC resource ${one.service_id}`);
    // 10041 is workers-sdk's; its words are a guess.
    if (one.type === "kv_namespace" && !account.kvNamespaces.get(one.namespace_id))
      throw new ApiError(400, 10041, `KV namespace '${one.namespace_id}' not found`);
  }
  return read;
}

/** The main module that an upload of code alone names. @throws {ApiError} 10021 malformed */
export const readMainModule = (part: string): string =>
  parseBody(metadata.pick({ main_module: true }), parsePart(part), invalidScript).main_module;

function parsePart(part: string): unknown {
  try {
    return JSON.parse(part);
  } catch {
    throw new ApiError(400, invalidScript, "the metadata part is not JSON");
  }
}

/** The upload's bindings with inherited and kept ones filled in from the script before. */
export function resolveBindings(read: ScriptMetadata, before: Script | undefined): Binding[] {
  const earlier = before?.bindings ?? [];
  const resolved = read.bindings.map((one): Binding => {
    if (one.type !== "inherit") return one as Binding;
    const inherited = earlier.find((other) => other.name === one.name);
    if (!inherited) throw new ApiError(400, invalidScript, `binding ${one.name} inherits from nothing`);
    return inherited;
  });
  const kept = earlier.filter(
    (one) => read.keep_bindings?.includes(one.type) && !resolved.some((other) => other.name === one.name),
  );
  return [...resolved, ...kept];
}
