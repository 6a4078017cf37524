import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { request } from "node:http";
import type { Socket } from "node:net";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { WebSocket } from "ws";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { logged } from "../testing/log.ts";
import { closing, connect } from "../testing/socket.ts";

let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { SOCKET_MAX_SECONDS: "1", SOCKETS_PER_IDENTITY: "1" } });
});
afterAll(() => gateway?.close());

/** A connection that has become a WebSocket, of a client that knows no Close. */
async function deafClient(): Promise<Socket> {
  const upgrade = request(gateway.url, {
    headers: {
      connection: "Upgrade",
      upgrade: "websocket",
      "sec-websocket-version": "13",
      "sec-websocket-key": randomBytes(16).toString("base64"),
      origin: ORIGIN,
      "mf-original-url": `${ORIGIN}/`,
      "cf-connecting-ip": CLIENT_ADDRESS,
      "cf-access-jwt-assertion": await gateway.team.person(),
    },
  });
  upgrade.end();
  const [, connection] = (await once(upgrade, "upgrade")) as [unknown, Socket];
  return connection;
}

/** A text in one masked frame (RFC 6455, 5.2), the mask being all zeros. */
const frame = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]);

it("a client that goes on after its goodbye is not heard any more, and keeps no place", async () => {
  const opened = once(gateway.openclaw.events, "socket") as Promise<[WebSocket]>;
  const connection = await deafClient();
  const [upstream] = await opened;
  const reached: string[] = [];
  upstream.on("message", (data) => reached.push(data.toString()));
  const closed = closing(upstream);
  connection.write(frame("in time"));
  const [goodbye] = (await once(connection, "data")) as [Buffer];
  expect([goodbye[0], goodbye.readUInt16BE(2)]).toEqual([0x88, 4002]);
  connection.write(frame("too late"));
  expect((await closed)[0]).toBe(4002);
  await logged(gateway, { event: "socket", closeCode: 4002 });
  expect(reached).toEqual(["in time"]);

  const next = await connect(gateway); // the place is free, though the old connection is still there
  await once(next, "open");
  expect(reached).toEqual(["in time"]);
  next.terminate();
  connection.destroy();
});
