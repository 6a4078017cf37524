import { once } from "node:events";
import type { ConnectionOptions } from "node:tls";
import { decodeJwt } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import WebSocket from "ws";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "./testing/account.ts";
import { open, visit } from "./testing/browse.ts";
import { startConnector, type TestConnector } from "./testing/connector.ts";
import { startOrigin, type TestOrigin } from "./testing/origin.ts";

/** Passes everything to the VPC service but `/self`, which tells what the Worker itself was given. */
const worker = `
export default {
  async fetch(request, env) {
    const url = new URL(request.url);
    if (url.pathname === "/self") return Response.json({ url: request.url, cf: request.cf, headers: [...request.headers] });
    if (url.pathname === "/outside") return fetch("https://example.com/");
    if (url.pathname === "/throw") throw new Error("a secret detail");
    try {
      return await env.VPC_SERVICE.fetch(new Request("http://openclaw.internal:9999" + url.pathname, request));
    } catch (error) {
      return new Response(error.message, { status: 502 });
    }
  },
};`;

let cloudflare: TestCloudflare;
let origin: TestOrigin;
let connector: TestConnector;
let token: string;
let serviceToken: { "cf-access-client-id": string; "cf-access-client-secret": string };
let serviceId: string;
const url = (path: string) => `https://openclaw.${cloudflare.local.workersSubdomain}.workers.dev${path}`;
const asService = (path: string) => visit(cloudflare.browser, url(path), { headers: serviceToken });

beforeAll(async () => {
  [cloudflare, origin] = await Promise.all([startTestCloudflare(250), startOrigin()]);
  const { client, local, streetAddress } = cloudflare;
  const account_id = local.accountId;
  const tunnel = await client.zeroTrust.tunnels.cloudflared.create({
    account_id,
    name: "openclaw",
    config_src: "cloudflare",
  });
  const tunnelId = tunnel.id as string;
  token = await client.zeroTrust.tunnels.cloudflared.token.get(tunnelId, { account_id });
  const service = await client.connectivity.directory.services.create({
    account_id,
    type: "http",
    name: "openclaw",
    http_port: origin.port,
    host: { ipv4: "127.0.0.1", network: { tunnel_id: tunnelId } },
  });
  serviceId = service.service_id as string;
  const machine = await client.zeroTrust.access.serviceTokens.create({ account_id, name: "cli" });
  serviceToken = {
    "cf-access-client-id": machine.client_id as string,
    "cf-access-client-secret": machine.client_secret as string,
  };
  const machines = await client.zeroTrust.access.policies.create({
    account_id,
    name: "machines",
    decision: "non_identity",
    include: [{ service_token: { token_id: machine.id as string } }],
  });
  await client.zeroTrust.access.applications.create({
    account_id,
    type: "self_hosted",
    name: "openclaw",
    domain: new URL(url("/")).hostname,
    policies: [{ id: machines.id as string, precedence: 1 }],
  });
  await uploadScript(cloudflare, "openclaw", worker, {
    compatibility_flags: ["enable_request_signal"],
    bindings: [{ type: "vpc_service", name: "VPC_SERVICE", service_id: serviceId }],
  });
  await client.workers.scripts.subdomain.create("openclaw", {
    account_id,
    enabled: true,
    previews_enabled: false,
  });
  connector = await startConnector(token, streetAddress, ["--protocol", "quic"]);
  await connector.logged(/connIndex=3/);
}, 60_000);

afterAll(async () => {
  await connector?.stop();
  await Promise.all([cloudflare?.local.close(), origin?.close()]);
});

describe("the chain from the edge to the origin", () => {
  it("answers a service token through Access, Worker, VPC service and tunnel", async () => {
    const page = await asService("/echo");
    expect(page.status).toBe(200);
    expect(page.headers.server).toBe("cloudflare");
    const asked = JSON.parse(page.body);
    expect(asked.url).toBe("/echo");
    expect(asked.headers.host).toBe("openclaw.internal");
    expect(asked.peer).toBe("127.0.0.1");
  });

  it("gives the Worker the client's URL, a documentation address and the assertion of Access", async () => {
    const page = await visit(cloudflare.browser, url("/self?a=1"), {
      headers: {
        ...serviceToken,
        "cf-connecting-ip": "198.51.100.1",
        "cf-access-jwt-assertion": "forged",
        "x-forwarded-for": "198.51.100.1",
      },
    });
    const self = JSON.parse(page.body);
    const headers = new Map<string, string>(self.headers);
    expect(self.url).toBe(url("/self?a=1"));
    expect(self.cf.country).toBe("DE");
    expect(headers.get("cf-connecting-ip")).toBe("203.0.113.7");
    expect(headers.get("x-forwarded-for")).toBe("198.51.100.1, 203.0.113.7");
    expect([...headers.keys()].filter((name) => /client-secret|client-id|edge|^mf/.test(name))).toEqual([]);
    const claims = decodeJwt(headers.get("cf-access-jwt-assertion") as string);
    expect(Object.keys(claims).toSorted()).toEqual([
      "aud",
      "common_name",
      "exp",
      "iat",
      "iss",
      "sub",
      "type",
    ]);
    expect(claims).toMatchObject({ type: "app", sub: "", common_name: serviceToken["cf-access-client-id"] });
  });

  it("sends bodies both ways", async () => {
    const body = "x".repeat(3_000_000);
    const page = await visit(cloudflare.browser, url("/echo"), {
      method: "POST",
      headers: serviceToken,
      body,
    });
    expect(JSON.parse(page.body)).toMatchObject({ method: "POST", bytes: body.length });
  });

  it("streams each event as it comes, and tells the origin when the client leaves", {
    timeout: 20_000,
  }, async () => {
    const stream = await open(cloudflare.browser, url("/stream"), { headers: serviceToken });
    const events = stream[Symbol.asyncIterator]();
    expect(String((await events.next()).value)).toBe("data: 0\n\n");
    for (const n of [1, 2, 3]) {
      origin.events.emit("next");
      expect(String((await events.next()).value)).toBe(`data: ${n}\n\n`);
    }
    const aborted = once(origin.events, "aborted", { signal: AbortSignal.timeout(10_000) });
    stream.destroy();
    await aborted;
  });

  it("carries a WebSocket: text, a megabyte of binary, close code and reason", {
    timeout: 20_000,
  }, async () => {
    const { hostname } = new URL(url("/"));
    const options: WebSocket.ClientOptions & ConnectionOptions = {
      ca: cloudflare.ca.certificate,
      servername: hostname,
      headers: { ...serviceToken, host: hostname },
    };
    const socket = new WebSocket(`wss://${cloudflare.browser.edgeAddress}/`, options);
    await once(socket, "open");
    socket.send("hello");
    const [first] = await once(socket, "message");
    expect(String(first)).toBe("hello");
    socket.send(Buffer.alloc(1_000_000, 7));
    const [second, isBinary] = await once(socket, "message");
    expect([second.length, isBinary]).toEqual([1_000_000, true]);
    socket.close(4001, "enough");
    const [code, reason] = await once(socket, "close");
    expect([code, String(reason)]).toEqual([4001, "enough"]);
  });

  it("lets a Worker fetch the team's certs and nothing else", async () => {
    expect(await asService("/outside")).toMatchObject({ status: 530 });
  });

  it("says nothing of what a Worker throws", async () => {
    const page = await asService("/throw");
    expect(page.status).toBe(500);
    expect(page.body).toContain("1101");
    expect(page.body).not.toContain("secret detail");
  });
});

describe("the tunnel when something is wrong", () => {
  it("throws connection_refused when nothing listens on the port", async () => {
    const { client, local } = cloudflare;
    const host = { ipv4: "127.0.0.1", network: { tunnel_id: await tunnelId() } };
    const change = { account_id: local.accountId, type: "http" as const, name: "openclaw", host };
    await client.connectivity.directory.services.update(serviceId, { ...change, http_port: 9 });
    try {
      expect(await fresh("/echo")).toBe("ProxyError: connection_refused");
    } finally {
      await client.connectivity.directory.services.update(serviceId, { ...change, http_port: origin.port });
    }
  });

  it("throws destination_unavailable once the connector is gone, and dns_error over http2", {
    timeout: 60_000,
  }, async () => {
    expect(await connector.stop()).toBe(0);
    expect(await fresh("/echo")).toBe("ProxyError: destination_unavailable");
    connector = await startConnector(token, cloudflare.streetAddress, ["--protocol", "http2"]);
    await connector.logged(/Registered tunnel connection connIndex=0 .*protocol=http2/);
    expect(await fresh("/echo")).toBe("ProxyError: dns_error");
    await connector.stop();
    connector = await startConnector(token, cloudflare.streetAddress, ["--protocol", "quic"]);
    await connector.logged(/connIndex=0/);
    expect(JSON.parse(await fresh("/echo")).url).toBe("/echo");
  });

  const tunnelId = async () => {
    const account_id = cloudflare.local.accountId;
    for await (const tunnel of cloudflare.client.zeroTrust.tunnels.cloudflared.list({ account_id }))
      return tunnel.id as string;
    throw new Error("no tunnel");
  };
  /** Asks without a pooled connection: a new upload starts the Worker with an empty pool. */
  const fresh = async (path: string): Promise<string> => {
    await uploadScript(cloudflare, "openclaw", worker, {
      bindings: [{ type: "vpc_service", name: "VPC_SERVICE", service_id: serviceId }],
    });
    return (await asService(path)).body;
  };
});
