import { type CloudflareApi, CloudflareError } from "./cloudflare-api.ts";
import type { Definition, ImportId } from "./cloudflare-table.ts";
import { compare } from "./diff.ts";
import { project, toApi, toApiName, toSdk } from "./names.ts";
import { type InputFailure, isUnknown, type Properties, type ResourceKind, unknown } from "./protocol.ts";

/** A kind of resource that the API keeps as one JSON document, driven by its {@link Definition}. */
export function restResource(definition: Definition, api: () => CloudflareApi): ResourceKind {
  const { renames = {}, defaults = {}, computed } = definition;
  const pathInputs = new Set(["accountId", "zoneId", ...(definition.pathOnly ?? [])]);
  // A custom domain's zone is part of its body; elsewhere the zone only says where a resource lives.
  if (!definition.collection.includes("{zoneId}") && computed.includes("zoneId")) pathInputs.delete("zoneId");
  const replaceOn = new Set(["accountId", "zoneId", ...(definition.replaceOn ?? [])]);
  const item = definition.item ?? `${definition.collection}/{id}`;
  const planned = (inputs: Properties, state: Properties = {}): Properties => ({
    ...defaults,
    ...kept(definition, inputs, state),
    ...inputs,
  });
  const body = (inputs: Properties): unknown => {
    if (definition.bodyOf) return toApi(inputs[definition.bodyOf], renames);
    return toApi(Object.fromEntries(Object.entries(inputs).filter(([key]) => !pathInputs.has(key))), renames);
  };
  /** The recorded outputs after an answer: what the program set, and what the API made of it. */
  const outputs = (answer: Properties, inputs: Properties, state: Properties): Properties => {
    const fresh = computed.flatMap((key) => {
      const told = answer[toApiName(key, renames)];
      const kept = definition.writeOnly?.includes(key) ? state[key] : undefined;
      return told === undefined || told === null ? [[key, kept]] : [[key, toSdk(told, renames)]];
    });
    return { ...Object.fromEntries(fresh), ...inputs };
  };
  const idOf = (answer: Properties, inputs: Properties): string => {
    const { id = { answer: "id" } } = definition;
    return String("input" in id ? inputs[id.input] : answer[id.answer]);
  };

  return {
    async check(inputs) {
      const missing = definition.required.filter((property) => inputs[property] === undefined);
      return [
        ...missing.map((property) => ({ property, reason: `Missing required property '${property}'` })),
        ...incomplete(definition.together ?? [], inputs),
      ];
    },
    diff: (state, oldInputs, inputs) => compare(state, oldInputs, planned(inputs, state), replaceOn),

    async create({ inputs, preview }) {
      const wanted = planned(inputs);
      if (preview) return { id: "", state: { ...unknowns(computed), ...wanted } };
      const path = fill(definition.createAt === "item" ? item : definition.collection, wanted);
      const answer = (await api().call(definition.create ?? "post", path, body(wanted))) as Properties;
      return { id: idOf(answer, wanted), state: outputs(answer, wanted, {}) };
    },

    async update({ id, state, inputs, preview }) {
      const wanted = planned(inputs, state);
      if (preview) {
        const known = computed.filter((key) => definition.stable?.includes(key));
        const kept = Object.fromEntries(known.map((key) => [key, state[key]]));
        return { ...unknowns(computed), ...kept, ...wanted };
      }
      const path = fill(definition.updateAt === "collection" ? definition.collection : item, wanted, id);
      const answer = (await api().call(definition.update ?? "put", path, body(wanted))) as Properties;
      return outputs(answer, wanted, state);
    },

    async read(id, state, inputs) {
      if (Object.keys(state).length === 0) return imported(id);
      const answer = (await gone(api().call("get", fill(item, state, id)))) as Properties | undefined;
      if (!answer) return undefined;
      const seen = (from: Properties): Properties =>
        Object.fromEntries(Object.entries(from).map(([key, value]) => [key, current(key, value, answer)]));
      const byHand = setByHand(planned(inputs), answer);
      const present = { ...seen(planned(inputs)), ...byHand };
      return { state: outputs(answer, present, state), inputs: { ...seen(inputs), ...byHand } };
    },

    async delete({ id, state }) {
      if (definition.delete === false) return;
      await gone(api().call("delete", fill(item, state, id)));
    },
  };

  /** What `pulumi import` brings into the state: all that the API tells, but for what it tells once. */
  async function imported(importId: string) {
    const { import: rule } = definition;
    if (!rule) throw new Error("The stand-in provider does not import this kind");
    const { accountId, id } = parseImportId(importId, rule.id);
    const answer = (await gone(api().call("get", fill(item, { accountId }, id)))) as Properties | undefined;
    if (!answer) return undefined;
    const told = rule.inputs.map((key) => {
      const value = toSdk(settable(answer[toApiName(key, renames)] ?? undefined, rule.told ?? []), renames);
      return [key, value] as const;
    });
    // An empty list that may be left out is none.
    const said = told.filter(
      ([key, value]) => !(definition.noticed?.includes(key) && Array.isArray(value) && value.length === 0),
    );
    const inputs = { accountId, ...Object.fromEntries(said) };
    return { id, inputs, state: outputs(answer, inputs, {}) };
  }

  /** What the API has of inputs that the program leaves out. */
  function setByHand(wanted: Properties, answer: Properties): Properties {
    const unsaid = (definition.noticed ?? []).filter((key) => wanted[key] === undefined);
    const told = unsaid.map((key) => [key, toSdk(answer[toApiName(key, renames)], renames)] as const);
    return Object.fromEntries(told.filter(([, value]) => !isNothing(value)));
  }

  /** An input as the API has it now. */
  function current(key: string, recorded: unknown, answer: Properties): unknown {
    if (pathInputs.has(key) || definition.writeOnly?.includes(key)) return recorded;
    const told =
      definition.bodyOf === key && Array.isArray(answer) ? answer : answer[toApiName(key, renames)];
    const withSecrets = keepWriteOnly(toSdk(told, renames), recorded, definition.writeOnly ?? []);
    return project(withSecrets, recorded) ?? undefined;
  }
}

/** @throws Error in the provider's words, ParsePath of internal/importpath in terraform-provider-cloudflare */
export function parseImportId(text: string, form: ImportId): { accountId: string; id: string } {
  const parts = text.split("/");
  const [id = "", accountId = "", kind] = parts.toReversed();
  const wanted = form === "ACCOUNT/ID" ? undefined : "accounts";
  if (parts.length !== form.split("/").length || kind !== wanted)
    throw new Error(`invalid ID: expected urlencoded segments ${form}, got ${text}`);
  return { accountId, id };
}

/** Inputs that are set while others they need are not, in the words of terraform-plugin-framework-validators. */
function incomplete(together: readonly string[], inputs: Properties): InputFailure[] {
  const absent = together.find((property) => inputs[property] === undefined);
  const present = together.filter((property) => inputs[property] !== undefined);
  if (absent === undefined) return [];
  return present.map((property) => ({
    property,
    reason: `Invalid Attribute Combination. Attribute "${toApiName(absent, {})}" must be specified when "${toApiName(property, {})}" is specified`,
  }));
}

/** Inputs that the program does not say and that stay as they are. */
function kept({ kept: rule }: Definition, inputs: Properties, state: Properties): Properties {
  if (!rule || inputs[rule.unlessChanged] !== state[rule.unlessChanged]) return {};
  return Object.fromEntries(
    rule.inputs.flatMap((key) => (state[key] === undefined ? [] : [[key, state[key]]])),
  );
}

const unknowns = (keys: readonly string[]): Properties =>
  Object.fromEntries(keys.map((key) => [key, unknown]));

/** A path with its names filled in. An id of an existing resource is never taken from the program. */
export function fill(path: string, inputs: Properties, id = ""): string {
  return path.replaceAll(/\{(\w+)\}/g, (_match, name: string) => {
    const value = name === "id" ? id : inputs[name];
    if (typeof value !== "string" || value === "" || isUnknown(value)) {
      throw new Error(`failed to make http request: missing required ${toApiName(name, {})} parameter`);
    }
    return encodeURIComponent(value);
  });
}

/** What a call gives, or nothing when the API answers that there is no such thing. */
export async function gone<T>(call: Promise<T>): Promise<T | undefined> {
  try {
    return await call;
  } catch (error) {
    if (error instanceof CloudflareError && error.status === 404) return undefined;
    throw error;
  }
}

/** Puts back, at any depth, the recorded values that the API keeps to itself. */
function keepWriteOnly(answer: unknown, recorded: unknown, names: readonly string[]): unknown {
  if (!isObject(answer) || !isObject(recorded)) return answer;
  const entries = Object.entries(recorded).map(([key, value]) => [
    key,
    names.includes(key) && answer[key] === undefined ? value : keepWriteOnly(answer[key], value, names),
  ]);
  return { ...answer, ...Object.fromEntries(entries) };
}

/** What of the API's answer a program can set. */
const settable = (value: unknown, told: readonly string[]): unknown =>
  isObject(value) ? Object.fromEntries(Object.entries(value).filter(([key]) => !told.includes(key))) : value;

const isNothing = (value: unknown): boolean =>
  !value || (typeof value === "object" && Object.keys(value).length === 0);

const isObject = (value: unknown): value is Properties =>
  typeof value === "object" && value !== null && !Array.isArray(value);
