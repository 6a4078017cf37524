import { spawn, spawnSync } from "node:child_process";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Account } from "../account.ts";
import { connectorScript } from "../index.ts";
import { createAccount } from "../new-account.ts";
import { startConnector } from "../testing/connector.ts";
import { startTunnelServer, type TunnelServer, tunnelPort } from "../tunnel/server.ts";

const cloudflared = fileURLToPath(connectorScript);
const street = "127.86.254.2";
let account: Account;
let server: TunnelServer;
let token: string;
const tunnel = {
  id: "6ff42ae2-765d-4adf-8112-31c55c1551ef",
  secret: Buffer.from("a secret").toString("base64"),
};
const encode = (secret: string) =>
  Buffer.from(JSON.stringify({ a: account.id, t: tunnel.id, s: secret })).toString("base64");

beforeAll(async () => {
  account = createAccount();
  account.tunnels.put({
    ...tunnel,
    name: "t",
    createdAt: "",
    deletedAt: null,
    config: null,
    configVersion: 0,
  });
  token = encode(tunnel.secret);
  server = await startTunnelServer(account, street);
});
afterAll(() => server?.close());

const ready = async (url: string) => {
  const answer = await fetch(`${url}/ready`);
  return {
    code: answer.status,
    ...((await answer.json()) as { readyConnections: number; connectorId: string }),
  };
};

describe("cloudflared's command line", () => {
  const run = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync(cloudflared, words, { encoding: "utf8", timeout: 10_000 });
    return { status, output: stdout + stderr };
  };

  it("tells its version as the real one does", () => {
    const { status, output } = run("--version");
    expect(status).toBe(0);
    expect(output).toMatch(/^cloudflared version 2026\.8\.2 \(built \d{4}-\d\d-\d\d-\d{4} UTC\)\n$/);
  });

  it("refuses an unknown flag, a bad token and a missing one", () => {
    const unknown = run("tunnel", "--no-such", "run");
    expect(unknown.status).toBe(1);
    expect(unknown.output).toContain("flag provided but not defined: -no-such");
    const bad = run("tunnel", "run", "--token", "not a token");
    expect(bad.status).toBe(255);
    expect(bad.output).toContain("Provided Tunnel token is not valid.");
    expect(run("tunnel", "run", "--token-file", "/nonexistent").status).toBe(1);
  });

  it("ends at once when the edge's names do not resolve", () => {
    const { status, output } = run("tunnel", "--metrics", "127.0.0.1:0", "run", "--token", encode("x"));
    expect(status).toBe(1);
    expect(output).toContain("no such host");
  });
});

describe("a running connector", () => {
  it("registers four connections, says so to the service manager and on /ready", {
    timeout: 30_000,
  }, async () => {
    const folder = await mkdtemp(join(tmpdir(), "notify-"));
    // Node has no UNIX datagram sockets, so a line of perl plays the service manager.
    const path = join(folder, "notify");
    const listen = `use Socket; socket(S, AF_UNIX, SOCK_DGRAM, 0); bind(S, pack_sockaddr_un("${path}")) or die; $|=1; print "up\\n"; alarm 20; recv(S, my $b, 64, 0); print $b`;
    const manager = spawn("perl", ["-e", listen], { stdio: ["ignore", "pipe", "inherit"] });
    manager.stdout.setEncoding("utf8");
    await once(manager.stdout, "data");
    process.env.NOTIFY_SOCKET = path;
    const connector = await startConnector(token, street, ["--protocol", "quic"]);
    process.env.NOTIFY_SOCKET = "";
    try {
      const [said] = await once(manager.stdout, "data");
      expect(said).toBe("READY=1");
      for (const index of [0, 1, 2, 3]) {
        const line = await connector.logged(new RegExp(`connIndex=${index} `));
        expect(line).toMatch(
          /^\d{4}-\d\d-\d\dT[\d:]{8}Z INF Registered tunnel connection connIndex=\d connection=[\da-f-]{36} event=0 ip=[\d.]+ location=\w+ protocol=quic$/,
        );
      }
      const { code, readyConnections, connectorId } = await ready(await connector.metricsUrl());
      expect([code, readyConnections]).toEqual([200, 4]);
      const known = server.connectors(tunnel.id);
      expect(known.map(({ id, version }) => [id, version])).toEqual([[connectorId, "2026.8.2"]]);
      expect(known[0]?.connections).toHaveLength(4);
    } finally {
      await connector.stop();
      await rm(folder, { recursive: true });
    }
  });

  it("comes back after the edge has cut it", { timeout: 30_000 }, async () => {
    const connector = await startConnector(token, street, ["--protocol", "quic"]);
    try {
      const first = await connector.logged(/Registered .*connIndex=0/);
      await connector.logged(/connIndex=3/);
      server.disconnect(tunnel.id);
      await connector.logged(/Retrying connection in up to 2s/);
      const again = connector.log.length;
      await connector.logged(/Retrying/);
      await expect
        .poll(() => connector.log.slice(again).some((line) => /Registered .*connIndex=0/.test(line)), {
          timeout: 10_000,
        })
        .toBe(true);
      expect(connector.log.filter((line) => line === first)).toHaveLength(1);
    } finally {
      await connector.stop();
    }
  });

  it("is refused with another secret, and never ready", { timeout: 30_000 }, async () => {
    const connector = await startConnector(encode("d3Jvbmc="), street, ["--protocol", "quic"]);
    try {
      expect(await connector.logged(/ERR/)).toContain('error="Unauthorized: Invalid tunnel secret"');
      expect(await ready(await connector.metricsUrl())).toMatchObject({ code: 503, readyConnections: 0 });
      expect(server.connectors(tunnel.id)).toEqual([]);
    } finally {
      await connector.stop();
    }
  });

  it("waits for open streams when it is ended, and takes no new ones", { timeout: 30_000 }, async () => {
    const origin = createServer((socket) => socket.write("held"));
    origin.listen(0, "127.0.0.1");
    await once(origin, "listening");
    const { port } = origin.address() as { port: number };
    const connector = await startConnector(token, street, ["--protocol", "quic", "--grace-period", "20s"]);
    try {
      await connector.logged(/connIndex=3/);
      const stream = await server.open(tunnel.id, "127.0.0.1", port);
      expect(String((await once(stream.resume(), "data"))[0])).toBe("held");
      const stopped = connector.stop();
      await connector.logged(/Initiating graceful shutdown due to signal terminated/);
      await expect
        .poll(() =>
          server.open(tunnel.id, "127.0.0.1", port).then(
            (opened) => opened.destroy(),
            (error) => error.message,
          ),
        )
        .toBe("ProxyError: destination_unavailable");
      expect(connector.process.exitCode).toBeNull();
      stream.resetAndDestroy();
      expect(await stopped).toBe(0);
    } finally {
      connector.process.kill("SIGKILL");
      origin.close();
    }
  });

  it("passes many bytes both ways at once without mixing streams", { timeout: 30_000 }, async () => {
    const origin = createServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket));
    origin.listen(0, "127.0.0.1");
    await once(origin, "listening");
    const { port } = origin.address() as { port: number };
    const connector = await startConnector(token, street, ["--protocol", "quic"]);
    try {
      await connector.logged(/connIndex=3/);
      const echo = async (byte: number) => {
        const stream = await server.open(tunnel.id, "127.0.0.1", port);
        stream.end(Buffer.alloc(2_000_000, byte));
        const back = Buffer.concat((await stream.toArray()) as Buffer[]);
        return back.length === 2_000_000 && back.every((one) => one === byte);
      };
      expect(await Promise.all([1, 2, 3, 4, 5, 6].map(echo))).toEqual(Array(6).fill(true));
    } finally {
      await connector.stop();
      origin.close();
    }
  });
});

describe("a network that blocks UDP 7844", () => {
  it("keeps quic out, and lets auto fall back to http2", { timeout: 40_000 }, async () => {
    // TCP alone answers here; the datagrams go to a socket that says nothing.
    const blocked = "127.86.254.3";
    const proxy = createServer((socket) => {
      const through = connect(tunnelPort, street);
      socket.pipe(through).pipe(socket);
      for (const side of [socket, through]) side.on("error", () => socket.destroy());
    });
    proxy.listen(tunnelPort, blocked);
    const silent = createSocket("udp4").bind(tunnelPort, blocked);
    await once(proxy, "listening");
    const quic = await startConnector(token, blocked, ["--protocol", "quic"]);
    const auto = await startConnector(token, blocked, ["--protocol", "auto"]);
    try {
      expect(await quic.logged(/ERR Failed to dial a quic connection/)).toContain(
        "no recent network activity",
      );
      await auto.logged(/Registered tunnel connection connIndex=0 .*protocol=http2/);
      expect((await ready(await quic.metricsUrl())).code).toBe(503);
      await expect(server.open(tunnel.id, "127.0.0.1", 9)).rejects.toThrow("ProxyError: dns_error");
    } finally {
      await Promise.all([quic.stop(), auto.stop()]);
      proxy.close();
      silent.close();
    }
  });
});
