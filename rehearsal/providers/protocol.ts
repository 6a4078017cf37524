import * as grpc from "@grpc/grpc-js";
import enginerpc from "@pulumi/pulumi/proto/engine_grpc_pb.js";
import engineproto from "@pulumi/pulumi/proto/engine_pb.js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import structpb, { type JavaScriptValue, type Struct } from "google-protobuf/google/protobuf/struct_pb.js";

/** Property values as the engine sends them once secrets are stripped: JSON, with sentinels for what is unknown. */
export type Properties = Record<string, unknown>;

/** What is wrong with one property of a program's inputs. */
export interface InputFailure {
  readonly property: string;
  readonly reason: string;
}

/** How new inputs differ from a recorded resource, by property. */
export interface Difference {
  readonly adds: readonly string[];
  readonly updates: readonly string[];
  readonly deletes: readonly string[];
  /** Those of the above that cannot be changed in place. */
  readonly replaces: readonly string[];
}

/** One kind of resource, as the engine drives it. A thrown error's message is what the user reads. */
export interface ResourceKind {
  check(inputs: Properties): Promise<readonly InputFailure[]>;
  diff(state: Properties, oldInputs: Properties, inputs: Properties): Difference;
  /** `preview` asks what the outputs would be: nothing may be touched. */
  create(request: {
    name: string;
    urn: string;
    inputs: Properties;
    preview: boolean;
  }): Promise<{ id: string; state: Properties }>;
  /**
   * The resource as it is now; `undefined` when it is gone. Without a state it is an import, whose id is written in a
   * way of its own; the answer then has the resource's.
   */
  read(
    id: string,
    state: Properties,
    inputs: Properties,
  ): Promise<{ id?: string; state: Properties; inputs: Properties } | undefined>;
  update(request: {
    id: string;
    urn: string;
    state: Properties;
    inputs: Properties;
    preview: boolean;
  }): Promise<Properties>;
  delete(request: { id: string; urn: string; state: Properties }): Promise<void>;
}

/** Levels of the engine's log, which is what a user sees beside a resource. */
type LogLevel = "info" | "warning" | "error";
export type Log = (level: LogLevel, message: string, urn: string) => Promise<void>;

/** A provider as this module serves it to the engine. */
export interface Provider {
  /** Of the real plugin it stands in for, without a leading `v`. */
  readonly version: string;
  /** Takes the provider's own configuration: keys without the package's prefix. */
  configure(config: Readonly<Record<string, string>>): void;
  readonly resources: Readonly<Record<string, ResourceKind>>;
  readonly functions: Readonly<Record<string, (args: Properties) => Promise<Properties>>>;
}

/**
 * What stands for a value that is not known yet, one sentinel for each type (pulumi/pulumi,
 * sdk/go/common/resource/plugin/rpc.go).
 */
const unknownSentinels = new Set([
  "04da6b54-80e4-46f7-96ec-b56ff0331ba9",
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);
/** An output whose value only the real operation will tell. */
export const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Whether any part of a value is not known yet. */
export function isUnknown(value: unknown): boolean {
  if (typeof value === "string") return unknownSentinels.has(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).some(isUnknown);
}

/** A message's properties as plain values. */
export const fromStruct = (struct: Struct | undefined): Properties => struct?.toJavaScript() ?? {};

/** Plain values as a message's properties. What is `undefined` is left out, as JSON does. */
export const toStruct = (properties: Properties): Struct =>
  structpb.Struct.fromJavaScript(JSON.parse(JSON.stringify(properties)) as Record<string, JavaScriptValue>);

/** A difference in the engine's words. */
export function toDiffResponse(difference: Difference): InstanceType<typeof provproto.DiffResponse> {
  const { DiffResponse, PropertyDiff } = provproto;
  const response = new DiffResponse();
  const details = response.getDetaileddiffMap();
  const record = (
    keys: readonly string[],
    kind: "ADD" | "UPDATE" | "DELETE",
    replacing: "ADD_REPLACE" | "UPDATE_REPLACE" | "DELETE_REPLACE",
  ) => {
    for (const key of keys) {
      const detail = new PropertyDiff();
      detail.setKind(PropertyDiff.Kind[difference.replaces.includes(key) ? replacing : kind]);
      details.set(key, detail);
    }
  };
  record(difference.adds, "ADD", "ADD_REPLACE");
  record(difference.updates, "UPDATE", "UPDATE_REPLACE");
  record(difference.deletes, "DELETE", "DELETE_REPLACE");
  const changed = [...difference.adds, ...difference.updates, ...difference.deletes];
  const { DIFF_SOME, DIFF_NONE } = DiffResponse.DiffChanges;
  response.setChanges(changed.length > 0 ? DIFF_SOME : DIFF_NONE);
  response.setDiffsList(changed);
  response.setReplacesList([...difference.replaces]);
  response.setHasdetaileddiff(true);
  return response;
}

/** Failures of a check, in the engine's words. */
export const toCheckFailures = (failures: readonly InputFailure[]) =>
  failures.map(({ property, reason }) => {
    const failure = new provproto.CheckFailure();
    failure.setProperty(property);
    failure.setReason(reason);
    return failure;
  });

/** A log line by line into the engine's own, once the engine has told its address. */
export function engineLog(address: string): Log {
  const client = new enginerpc.EngineClient(address, grpc.credentials.createInsecure());
  return (level, message, urn) =>
    new Promise((resolve, reject) => {
      const request = new engineproto.LogRequest();
      const { INFO, WARNING, ERROR } = engineproto.LogSeverity;
      request.setSeverity({ info: INFO, warning: WARNING, error: ERROR }[level]);
      request.setMessage(message);
      request.setUrn(urn);
      client.log(request, (error: Error | null) => (error ? reject(error) : resolve()));
    });
}
