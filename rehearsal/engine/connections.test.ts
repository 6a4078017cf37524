import { createServer } from "node:http2";
import type { AddressInfo } from "node:net";
import { credentials } from "@grpc/grpc-js";
import resource from "@pulumi/pulumi/proto/resource_grpc_pb.js";
import messages from "@pulumi/pulumi/proto/resource_pb.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import { expect, onTestFinished, test } from "vitest";
import { keepConnectionsApart } from "./connections.ts";

test("an engine is reached at a port where another one has ended", async () => {
  keepConnectionsApart();
  const engine = createServer().on("stream", (stream) => {
    stream.respond(
      { ":status": 200, "content-type": "application/grpc", "grpc-status": "12" },
      { endStream: true },
    );
  });
  const listen = (port: number) => new Promise<void>((resolve) => engine.listen(port, "127.0.0.1", resolve));
  await listen(0);
  const { port } = engine.address() as AddressInfo;
  await new Promise((resolve) => engine.close(resolve));
  const call = () => {
    const options = (settings as unknown as { grpcClientOptions: object }).grpcClientOptions;
    const client = new resource.ResourceMonitorClient(
      `127.0.0.1:${port}`,
      credentials.createInsecure(),
      options,
    );
    onTestFinished(() => client.close());
    return new Promise<string>((resolve) =>
      client.supportsFeature(new messages.SupportsFeatureRequest(), (error) => resolve(String(error))),
    );
  };
  expect(await call()).toContain("ECONNREFUSED");
  await listen(port);
  onTestFinished(() => void engine.close());
  expect(await call()).toContain("12 UNIMPLEMENTED");
});
