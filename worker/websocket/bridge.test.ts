import { once } from "node:events";
import type { Socket } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { bridged, closing } from "../testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

describe("messages", () => {
  it("pass both ways: text, binary and empty ones", async () => {
    const { client, upstream } = await bridged(gateway);
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      for (const data of ["hello", "", "é".repeat(1000), Buffer.from([0, 255, 1]), Buffer.alloc(0)]) {
        const arrived = once(to, "message") as Promise<[Buffer, boolean]>;
        from.send(data);
        const [received, isBinary] = await arrived;
        expect(isBinary).toBe(typeof data !== "string");
        expect(received.equals(Buffer.from(data))).toBe(true);
      }
    }
    client.terminate();
  });

  it("may have the 25 MiB that OpenClaw takes", async () => {
    const { client, upstream } = await bridged(gateway);
    const data = Buffer.alloc(25 * 1024 * 1024, 7);
    const arrived = once(upstream, "message") as Promise<[Buffer, boolean]>;
    client.send(data);
    expect((await arrived)[0].equals(data)).toBe(true);
    client.terminate();
  });

  it("may be larger still on their way from OpenClaw", async () => {
    const { client, upstream } = await bridged(gateway);
    const data = Buffer.alloc(31 * 1024 * 1024, 7);
    const arrived = once(client, "message") as Promise<[Buffer, boolean]>;
    upstream.send(data);
    expect((await arrived)[0].equals(data)).toBe(true);
    client.terminate();
  });

  it.each([
    ["binary", Buffer.alloc(25 * 1024 * 1024 + 1)],
    ["text", "x".repeat(25 * 1024 * 1024 + 1)],
  ])("above 25 MiB never reach OpenClaw: %s", async (_name, data) => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(client), closing(upstream)]);
    const reached: unknown[] = [];
    upstream.on("message", (message) => reached.push(message));
    client.send(data);
    const farewell = [1009, "A message may have 25 MiB."];
    expect(await both).toEqual([farewell, farewell]);
    expect(reached).toEqual([]);
  });

  it("above what the runtime takes end the bridge on both sides", async () => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(client), closing(upstream)]);
    client.send(Buffer.alloc(33 * 1024 * 1024));
    expect((await both).map(([code]) => code)).toEqual([1009, 1011]);
  });

  it("keep their order", async () => {
    const { client, upstream } = await bridged(gateway);
    const received: string[] = [];
    const last = new Promise<void>((resolve) => {
      upstream.on("message", (data) => {
        received.push(data.toString());
        if (received.length === 200) resolve();
      });
    });
    for (let i = 0; i < 200; i += 1) client.send(String(i));
    await last;
    expect(received).toEqual(Array.from({ length: 200 }, (_, i) => String(i)));
    client.terminate();
  });
});

describe("a close", () => {
  it.each([
    [1000, "bye"],
    [1008, "pairing required"],
    [1012, "service restart"],
    [4001, "é".repeat(61)],
  ])("%d %s of OpenClaw reaches the browser", async (code, reason) => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(client), closing(upstream)]);
    upstream.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it.each([
    [1000, "done"],
    [4000, "x".repeat(123)],
  ])("%d of the browser reaches OpenClaw", async (code, reason) => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it("without a code stays without a code", async () => {
    const { client, upstream } = await bridged(gateway);
    const both = Promise.all([closing(upstream), closing(client)]);
    client.close();
    expect(await both).toEqual([
      [1005, ""],
      [1005, ""],
    ]);
  });

  it("a browser that vanishes leaves no socket at OpenClaw", async () => {
    const { client, upstream } = await bridged(gateway);
    const closed = closing(upstream);
    client.terminate();
    await closed;
  });

  it("an OpenClaw that vanishes leaves no socket at the browser", async () => {
    const { client, upstream } = await bridged(gateway);
    const closed = closing(client);
    upstream.terminate();
    expect([1006, 1011]).toContain((await closed)[0]);
  });

  it.each([0, 999, 1004, 1006, 1015, 1016, 2999, 5000, 65535])(
    "of OpenClaw with %d, which may not be sent, is told as a lost connection",
    async (code) => {
      const { client, upstream } = await bridged(gateway);
      const closed = closing(client);
      sendClose(upstream, code, Buffer.from("x"));
      expect(await closed).toEqual([1011, "The connection behind the gateway was lost."]);
    },
  );

  it("of OpenClaw with a reason that is no text is cut to what a Close can hold", async () => {
    const { client, upstream } = await bridged(gateway);
    const closed = closing(client);
    sendClose(upstream, 4000, Buffer.alloc(123, 0xff));
    expect(await closed).toEqual([4000, "\ufffd".repeat(41)]);
  });
});

/** A Close frame as ws itself would not send it (RFC 6455, 5.5.1). */
function sendClose(socket: WebSocket, code: number, reason: Buffer): void {
  const { _socket: connection } = socket as unknown as { _socket: Socket };
  connection.write(Buffer.concat([Buffer.from([0x88, 2 + reason.length, code >> 8, code & 255]), reason]));
}
