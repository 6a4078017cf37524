import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { CloudflareApi } from "./cloudflare-api.ts";
import { fill, gone, parseImportId } from "./cloudflare-resource.ts";
import { compare } from "./diff.ts";
import { project, toApi, toApiName, toSdk } from "./names.ts";
import { type InputFailure, isUnknown, type Properties, type ResourceKind, unknown } from "./protocol.ts";

const script = "/accounts/{accountId}/workers/scripts/{scriptName}";
const service = "/accounts/{accountId}/workers/services/{scriptName}";

/** Inputs that are the module or say where it is; all others are its metadata. */
const notMetadata = new Set([
  "accountId",
  "scriptName",
  "content",
  "contentFile",
  "contentSha256",
  "contentType",
]);
const computed = [
  "createdOn",
  "etag",
  "handlers",
  "hasAssets",
  "hasModules",
  "lastDeployedFrom",
  "migrationTag",
  "modifiedOn",
  "namedHandlers",
  "startupTimeMs",
];
// https://developers.cloudflare.com/workers/configuration/versions-and-deployments/#worker-annotations
const renames = {
  workersMessage: "workers/message",
  workersTag: "workers/tag",
  workersTriggeredBy: "workers/triggered_by",
};

interface Binding {
  readonly name: string;
  readonly type: string;
}

/**
 * A Worker script, as the real provider treats it (terraform-provider-cloudflare, internal/services/workers_script):
 * `contentFile` is opened from the working folder, its hash is held against `contentSha256` at every preview and up,
 * and a refresh asks for the service, the settings and the content, one after the other.
 */
export function workersScript(api: () => CloudflareApi): ResourceKind {
  const put = async (inputs: Properties): Promise<Properties> => {
    const answer = (await api().call("put", fill(script, inputs), await upload(inputs))) as Properties;
    return { ...outputs(answer), ...inputs };
  };
  return {
    async check(inputs) {
      const missing = ["accountId", "scriptName"].filter((key) => inputs[key] === undefined);
      const unsupported = ["assets", "files"].filter((key) => inputs[key] !== undefined);
      return [
        ...missing.map((property) => ({ property, reason: `Missing required property '${property}'` })),
        ...unsupported.map((property) => ({
          property,
          reason: "The stand-in provider does not upload these",
        })),
        ...(await checkHash(inputs)),
      ];
    },
    diff: (state, oldInputs, inputs) =>
      compare(state, oldInputs, inputs, new Set(["accountId", "scriptName"])),
    async create({ inputs, preview }) {
      const state = preview ? { ...unknownOutputs, ...inputs } : await put(inputs);
      return { id: String(inputs.scriptName), state };
    },
    async update({ inputs, preview }) {
      return preview ? { ...unknownOutputs, ...inputs } : put(inputs);
    },
    async read(id, recorded, inputs) {
      const isImport = Object.keys(recorded).length === 0;
      const { accountId, id: scriptName } = isImport
        ? parseImportId(id, "ACCOUNT/ID")
        : { accountId: "", id };
      const state = isImport ? { accountId, scriptName } : recorded;
      const known = (await gone(api().call("get", fill(service, state)))) as Properties | undefined;
      const settings = (await gone(api().call("get", `${fill(script, state)}/settings`))) as
        | Properties
        | undefined;
      if (!known || !settings) return undefined;
      const content = await moduleText(await api().raw(`${fill(script, state)}/content/v2`));
      const seen = (from: Properties): Properties =>
        Object.fromEntries(
          Object.entries(from).map(([key, value]) => [key, current(key, value, settings, content)]),
        );
      const read = isImport ? { ...state, content, ...importedSettings(settings) } : seen(inputs);
      const told = (known.default_environment as { script?: Properties } | undefined)?.script ?? {};
      return {
        ...(isImport && { id: scriptName }),
        state: { ...state, ...outputs(told), ...read },
        inputs: read,
      };
    },
    async delete({ state }) {
      await gone(api().call("delete", fill(script, state)));
    },
  };
}

const unknownOutputs: Properties = Object.fromEntries(computed.map((key) => [key, unknown]));

function outputs(answer: Properties): Properties {
  const told = computed.flatMap((key) => {
    const value = answer[toApiName(key, renames)];
    return value === undefined || value === null ? [] : [[key, toSdk(value, renames)]];
  });
  return Object.fromEntries(told);
}

/** The multipart body: the module under its own name, and everything else as `metadata`. */
async function upload(inputs: Properties): Promise<FormData> {
  const metadata = Object.fromEntries(Object.entries(inputs).filter(([key]) => !notMetadata.has(key)));
  const { mainModule, contentFile, content } = inputs as Record<string, string | undefined>;
  const text = contentFile === undefined ? (content ?? "") : await readContent(contentFile);
  const form = new FormData();
  // Without mainModule the provider takes the content for a service-worker script, whatever its syntax.
  const name = mainModule ?? "script";
  const type =
    (inputs.contentType as string | undefined) ??
    (mainModule ? "application/javascript+module" : "application/javascript");
  form.append(name, new File([text], name, { type }));
  if (!mainModule) metadata.bodyPart = name;
  form.append("metadata", JSON.stringify(toApi(metadata, renames)));
  return form;
}

async function readContent(path: string): Promise<string> {
  return readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    throw new Error(`failed to read file: could not read file ${path}: ${goWords(path, error)}`);
  });
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

/** The real provider's validator of `contentSha256`, its words included. */
async function checkHash(inputs: Properties): Promise<readonly InputFailure[]> {
  const { contentSha256: wanted, contentFile: file, content } = inputs as Record<string, string | undefined>;
  if (wanted === undefined || isUnknown([wanted, file ?? "", content ?? ""])) return [];
  const failure = (reason: string) => [{ property: "contentSha256", reason }];
  let text = content ?? "";
  if (content === undefined && file !== undefined) {
    try {
      text = await readFile(file, "utf8");
    } catch (error) {
      const cause = goWords(file, error as NodeJS.ErrnoException);
      return failure(
        `Hash Calculation Error. Failed to calculate SHA-256 hash of file '${file}': failed to open file: ${cause}`,
      );
    }
  }
  const actual = sha256(text);
  if (actual === wanted) return [];
  const source = content === undefined ? `content_file (${file})` : "content";
  return failure(
    `SHA-256 Hash Mismatch. The provided SHA-256 hash '${wanted}' does not match the actual hash '${actual}' of ${source}`,
  );
}

const goWords = (path: string, error: NodeJS.ErrnoException): string =>
  `open ${path}: ${error.code === "ENOENT" ? "no such file or directory" : error.message}`;

/** The module out of the content's answer: its first part when it is multipart. */
async function moduleText(response: Response): Promise<string> {
  if (!response.headers.get("content-type")?.startsWith("multipart/")) return response.text();
  for (const part of (await response.formData()).values()) {
    return typeof part === "string" ? part : part.text();
  }
  return "";
}

/** What an import reads of the settings; secret texts come without their text. */
const importedSettings = (settings: Properties): Properties =>
  Object.fromEntries(
    ["bindings", "compatibilityDate", "compatibilityFlags", "observability"].flatMap((key) => {
      const value = settings[toApiName(key, renames)];
      return value === undefined || value === null ? [] : [[key, toSdk(value, renames)]];
    }),
  );

/** An input as the API has it now. What the settings do not mention stays as recorded, as in the real provider. */
function current(key: string, recorded: unknown, settings: Properties, content: string): unknown {
  if (key === "contentSha256") return sha256(content);
  if (key === "content") return content;
  if (notMetadata.has(key)) return recorded;
  const told = toSdk(settings[toApiName(key, renames)] ?? undefined, renames);
  if (key === "bindings" && Array.isArray(told))
    return currentBindings(recorded as Binding[], told as Binding[]);
  return told === undefined ? recorded : project(told, recorded);
}

/** Bindings in their recorded order, secret texts from the record since the API never tells them. */
function currentBindings(recorded: readonly Binding[], told: readonly Binding[]): readonly Binding[] {
  const same = (a: Binding) => (b: Binding) => a.name === b.name && a.type === b.type;
  const kept = recorded.flatMap((binding) => {
    const found = told.find(same(binding));
    if (!found) return [];
    return [found.type === "secret_text" ? binding : (project(found, binding) as Binding)];
  });
  // A secret that the program does not know of is left alone; any other stray binding is a change.
  const strays = told.filter((binding) => binding.type !== "secret_text" && !recorded.some(same(binding)));
  return [...kept, ...strays];
}
