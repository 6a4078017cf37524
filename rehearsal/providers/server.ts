import * as grpc from "@grpc/grpc-js";
import pluginproto from "@pulumi/pulumi/proto/plugin_pb.js";
import provrpc from "@pulumi/pulumi/proto/provider_grpc_pb.js";
import provproto from "@pulumi/pulumi/proto/provider_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";
import {
  engineLog,
  fromStruct,
  type Log,
  type Properties,
  type Provider,
  type ResourceKind,
  toCheckFailures,
  toDiffResponse,
  toStruct,
} from "./protocol.ts";

type Unary<Request, Response> = (
  call: grpc.ServerUnaryCall<Request, Response>,
  callback: grpc.sendUnaryData<Response>,
) => void;

/** A call's answer as a promise; what it throws is the message the user reads. */
const unary =
  <Request, Response>(answer: (request: Request) => Promise<Response> | Response): Unary<Request, Response> =>
  (call, callback) => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }),
      );
  };

/**
 * Serves a provider on loopback, as the engine attaches to it by PULUMI_DEBUG_PROVIDERS.
 *
 * Secrets: the provider says it does not take them, so the engine strips them from every request and marks outputs of
 * the same name again. That is why one secret text among a Worker's bindings hides the whole list in a diff.
 *
 * @param connect is given the engine's log at each attach: one engine for each `pulumi` command
 * @returns the port
 */
export async function serve(
  provider: Provider,
  connect: (log: Log) => void = () => {},
): Promise<{ port: number; close(): void }> {
  const server = new grpc.Server({ "grpc.max_receive_message_length": 400 * 1024 * 1024 });
  server.addService(provrpc.ResourceProviderService, {
    ...lifecycle(provider, connect),
    ...operations(provider),
  } as unknown as grpc.UntypedServiceImplementation);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, close: () => server.forceShutdown() };
}

function lifecycle(provider: Provider, connect: (log: Log) => void) {
  return {
    attach: unary((request: InstanceType<typeof pluginproto.PluginAttach>) => {
      connect(engineLog(request.getAddress()));
      return new emptypb.Empty();
    }),
    getPluginInfo: unary(() => {
      const info = new pluginproto.PluginInfo();
      info.setVersion(provider.version);
      return info;
    }),
    checkConfig: unary((request: InstanceType<typeof provproto.CheckRequest>) => {
      const response = new provproto.CheckResponse();
      response.setInputs(request.getNews());
      return response;
    }),
    diffConfig: unary(() => new provproto.DiffResponse()),
    configure: unary((request: InstanceType<typeof provproto.ConfigureRequest>) => {
      const entries = [...request.getVariablesMap().entries()];
      provider.configure(
        Object.fromEntries(
          entries.map(([key, value]: [string, string]) => [key.split(":").at(-1) as string, value]),
        ),
      );
      const response = new provproto.ConfigureResponse();
      response.setSupportspreview(true);
      response.setAcceptsecrets(false);
      return response;
    }),
    cancel: unary(() => new emptypb.Empty()),
  };
}

function operations(provider: Provider) {
  const kind = (urn: string): ResourceKind => {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const found = provider.resources[type];
    if (!found) throw new Error(`the stand-in provider does not know the resource type ${type}`);
    return found;
  };
  return {
    check: unary(async (request: InstanceType<typeof provproto.CheckRequest>) => {
      const inputs = withoutEmpty(fromStruct(request.getNews()));
      const response = new provproto.CheckResponse();
      response.setInputs(toStruct(inputs));
      response.setFailuresList(toCheckFailures(await kind(request.getUrn()).check(inputs)));
      return response;
    }),
    diff: unary((request: InstanceType<typeof provproto.DiffRequest>) =>
      toDiffResponse(
        kind(request.getUrn()).diff(
          fromStruct(request.getOlds()),
          fromStruct(request.getOldInputs()),
          fromStruct(request.getNews()),
        ),
      ),
    ),
    create: unary(async (request: InstanceType<typeof provproto.CreateRequest>) => {
      const urn = request.getUrn();
      const { id, state } = await kind(urn).create({
        name: urn.split("::").slice(3).join("::"),
        urn,
        inputs: fromStruct(request.getProperties()),
        preview: request.getPreview(),
      });
      const response = new provproto.CreateResponse();
      response.setId(id);
      response.setProperties(toStruct(state));
      return response;
    }),
    read: unary(async (request: InstanceType<typeof provproto.ReadRequest>) => {
      const id = request.getId();
      const [state, inputs] = [fromStruct(request.getProperties()), fromStruct(request.getInputs())];
      const found = await kind(request.getUrn()).read(id, state, inputs);
      const response = new provproto.ReadResponse();
      if (!found) return response; // an empty id says that it is gone
      response.setId(found.id ?? id);
      response.setProperties(toStruct(found.state));
      response.setInputs(toStruct(found.inputs));
      return response;
    }),
    update: unary(async (request: InstanceType<typeof provproto.UpdateRequest>) => {
      const state = await kind(request.getUrn()).update({
        id: request.getId(),
        urn: request.getUrn(),
        state: fromStruct(request.getOlds()),
        inputs: fromStruct(request.getNews()),
        preview: request.getPreview(),
      });
      const response = new provproto.UpdateResponse();
      response.setProperties(toStruct(state));
      return response;
    }),
    delete: unary(async (request: InstanceType<typeof provproto.DeleteRequest>) => {
      const state = fromStruct(request.getProperties());
      await kind(request.getUrn()).delete({ id: request.getId(), urn: request.getUrn(), state });
      return new emptypb.Empty();
    }),
    invoke: unary(async (request: InstanceType<typeof provproto.InvokeRequest>) => {
      const call = provider.functions[request.getTok()];
      if (!call) throw new Error(`the stand-in provider does not know the function ${request.getTok()}`);
      const response = new provproto.InvokeResponse();
      response.setReturn(toStruct(await call(fromStruct(request.getArgs()))));
      return response;
    }),
  };
}

/** Inputs without the keys a program set to nothing, and without the engine's own (`__defaults`). */
const withoutEmpty = (inputs: Properties): Properties =>
  Object.fromEntries(
    Object.entries(inputs).filter(([key, value]) => value !== null && !key.startsWith("__")),
  );
