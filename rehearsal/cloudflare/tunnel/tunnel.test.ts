import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { visit } from "../testing/browse.ts";
import { startConnector, type TestConnector } from "../testing/connector.ts";
import { startOrigin, type TestOrigin } from "../testing/origin.ts";
import { refusal } from "../testing/refusal.ts";

/** Tells what the VPC service throws, name and words. */
const worker = `
export default {
  async fetch(request, env) {
    try {
      return await env.VPC_SERVICE.fetch(new Request("http://openclaw.internal" + new URL(request.url).pathname, request));
    } catch (error) {
      return new Response(String(error), { status: 502 });
    }
  },
};`;

let cloudflare: TestCloudflare;
let origin: TestOrigin;
let account_id: string;
let tunnelId: string;
let token: string;
let hostname: string;
const running: TestConnector[] = [];

beforeAll(async () => {
  [cloudflare, origin] = await Promise.all([startTestCloudflare(234), startOrigin()]);
  const { client, local } = cloudflare;
  account_id = local.accountId;
  const tunnel = await tunnels().create({ account_id, name: "openclaw", config_src: "cloudflare" });
  tunnelId = tunnel.id as string;
  token = await tunnels().token.get(tunnelId, { account_id });
  const { service_id } = await client.connectivity.directory.services.create({
    account_id,
    type: "http",
    name: "openclaw",
    http_port: origin.port,
    host: { ipv4: "127.0.0.1", network: { tunnel_id: tunnelId } },
  });
  await uploadScript(cloudflare, "w", worker, {
    bindings: [{ type: "vpc_service", name: "VPC_SERVICE", service_id }],
  });
  await client.workers.scripts.subdomain.create("w", { account_id, enabled: true });
  hostname = `w.${local.workersSubdomain}.workers.dev`;
}, 60_000);

afterEach(async () => {
  await Promise.all(running.splice(0).map((connector) => connector.stop()));
});
afterAll(async () => {
  await Promise.all([cloudflare?.local.close(), origin?.close()]);
});

const tunnels = () => cloudflare.client.zeroTrust.tunnels.cloudflared;
const status = async () => (await tunnels().get(tunnelId, { account_id })).status;
const connections = async () =>
  (await tunnels().connections.get(tunnelId, { account_id })).result as {
    id: string;
    conns: { id: string }[];
  }[];
const ask = async () => (await visit(cloudflare.browser, `https://${hostname}/echo`)).body;

/** A connector with all of its connections. */
async function connector(...flags: string[]): Promise<TestConnector> {
  const started = await startConnector(token, cloudflare.streetAddress, ["--protocol", "quic", ...flags]);
  running.push(started);
  await started.logged(/connIndex=3/);
  return started;
}

describe("a tunnel, as the API tells of it", () => {
  it("is inactive, then healthy, down without its connector, and degraded with a connection lost", {
    timeout: 30_000,
  }, async () => {
    expect(await status()).toBe("inactive");
    const first = await connector();
    expect(await status()).toBe("healthy");
    await first.stop();
    expect(await status()).toBe("down");
    const id = crypto.randomUUID();
    const [one, two] = [await register(id, 0), await register(id, 1)];
    expect(await status()).toBe("healthy");
    one.destroy();
    await expect.poll(status).toBe("degraded");
    const back = await register(id, 0);
    expect(await status()).toBe("healthy");
    for (const socket of [two, back]) socket.destroy();
    await expect.poll(status).toBe("down");
  });

  it("becomes down when its connector falls silent without a word", { timeout: 60_000 }, async () => {
    const silent = await connector();
    silent.process.kill("SIGSTOP");
    await expect.poll(status, { timeout: 25_000 }).toBe("down");
    silent.process.kill("SIGCONT");
    await expect.poll(status, { timeout: 25_000 }).toBe("healthy");
  });

  it("counts four connections of each connector, every one with an id", { timeout: 30_000 }, async () => {
    await Promise.all([connector(), connector()]);
    const known = await connections();
    expect(known.map(({ conns }) => conns.length)).toEqual([4, 4]);
    expect(new Set(known.map(({ id }) => id)).size).toBe(2);
    expect(new Set(known.flatMap(({ conns }) => conns.map(({ id }) => id))).size).toBe(8);
  });

  it("clears the connections of one connector or of all, and has running ones come back", {
    timeout: 60_000,
  }, async () => {
    await Promise.all([connector(), connector()]);
    const idsOf = async () =>
      new Map((await connections()).map(({ id, conns }) => [id, conns.map((c) => c.id)]));
    const before = await idsOf();
    const [one = "", other = ""] = before.keys();
    await tunnels().connections.delete(tunnelId, { account_id, client_id: one });
    const cut = await idsOf();
    expect(cut.get(other)).toEqual(before.get(other));
    expect(cut.get(one) ?? []).not.toEqual(expect.arrayContaining(before.get(one) as string[]));
    await tunnels().connections.delete(tunnelId, { account_id });
    await expect
      .poll(async () => (await connections()).map(({ conns }) => conns.length), { timeout: 20_000 })
      .toEqual([4, 4]);
    expect(await ask()).toContain('"url":"/echo"');
  });

  it("is not deleted while a connector is there, also when that only waits for an open WebSocket", {
    timeout: 40_000,
  }, async () => {
    const only = await connector("--grace-period", "30s");
    const socket = new WebSocket(`wss://${cloudflare.browser.edgeAddress}/`, {
      ca: cloudflare.ca.certificate,
      headers: { host: hostname },
      servername: hostname,
    } as WebSocket.ClientOptions);
    await once(socket, "open");
    // The VPC service stands in the way as well, with the same code and other words.
    const refused = () =>
      expect(tunnels().delete(tunnelId, { account_id })).rejects.toThrow("active connections");
    expect(await refusal(tunnels().delete(tunnelId, { account_id }))).toEqual([400, 1022]);
    await refused();
    const stopped = only.stop();
    await only.logged(/Initiating graceful shutdown/);
    await refused();
    socket.send("still");
    expect(String((await once(socket, "message"))[0])).toBe("still");
    expect(await ask()).toBe("Error: ProxyError: destination_unavailable");
    socket.close();
    expect(await stopped).toBe(0);
    expect(await connections()).toEqual([]);
  });
});

describe("two connectors of one tunnel", () => {
  it("share the requests, and one goes on when the other is killed", { timeout: 30_000 }, async () => {
    const [left, right] = await Promise.all([connector(), connector()]);
    // The Worker keeps its connections: each WebSocket is a stream of its own.
    const sockets = Array.from(
      { length: 24 },
      () =>
        new WebSocket(`wss://${cloudflare.browser.edgeAddress}/`, {
          ca: cloudflare.ca.certificate,
          headers: { host: hostname },
          servername: hostname,
        } as WebSocket.ClientOptions),
    );
    await Promise.all(sockets.map((socket) => once(socket, "open")));
    const streamsOf = async (one: TestConnector) => {
      const metrics = await (await fetch(`${await one.metricsUrl()}/metrics`)).text();
      return Number(/^cloudflared_tcp_active_sessions (\d+)/m.exec(metrics)?.[1]);
    };
    const counts = await Promise.all([left, right].map(streamsOf));
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[1]).toBeGreaterThan(0);
    const closed = sockets.map((socket) => once(socket, "close"));
    left.process.kill("SIGKILL");
    await Promise.race(closed);
    await expect.poll(async () => (await connections()).length).toBe(1);
    for (let i = 0; i < 8; i++) expect(await ask()).toContain('"url":"/echo"');
    for (const socket of sockets) socket.terminate();
    await Promise.all(closed);
  });
});

/** One connection of a connector. */
async function register(id: string, index: number): Promise<Socket> {
  const { a, t, s } = JSON.parse(Buffer.from(token, "base64").toString());
  const socket = connect(7844, cloudflare.streetAddress);
  const fields = { account: a, tunnel: t, secret: s, connector: id, index };
  socket.write(
    `REGISTER ${JSON.stringify({ ...fields, protocol: "quic", version: "2026.8.2", arch: "linux_arm64" })}\n`,
  );
  expect(String((await once(socket, "data"))[0])).toMatch(/^REGISTERED /);
  return socket;
}
