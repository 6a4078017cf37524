import settings from "@pulumi/pulumi/runtime/settings.js";

/**
 * Gives each program that the Automation API runs in this process connections of its own to its engine. gRPC would share
 * them by address, and keeps one whose engine has ended as one that fails: an engine that is given the same port later
 * would then be "UNAVAILABLE: No connection established" though it listens
 * (https://github.com/grpc/grpc-node/blob/master/packages/grpc-js/README.md#supported-channel-options).
 */
export function keepConnectionsApart(): void {
  // Not in the SDK's types, which leave out what it uses inside.
  const { grpcClientOptions } = settings as unknown as { grpcClientOptions: Record<string, unknown> };
  grpcClientOptions["grpc.use_local_subchannel_pool"] = 1;
}
