import type { ConnectionOptions } from "node:tls";
import type { ConfigMap, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, describe, expect } from "vitest";
import { WebSocket } from "ws";
import { connectorOnPi } from "../pi/testing/connector-on-pi.ts";
import { visit } from "../rehearsal/cloudflare/testing/browse.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { differences, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";

const name = "names";
const own = "ai.example.com";

type Seen = string | number;

/** The names of a gateway with the real OpenClaw behind it, and a tunnel that was there before. */
export function hostnamesSuite(stage: () => Stage): void {
  describe("a gateway that moves", { timeout: 900_000 }, () => {
    const { newTunnel, create, api, asRoot } = connectorOnPi(stage);
    let stack: Stack | undefined;
    afterAll(async () => {
      await stack?.destroy().catch(() => {});
    }, 180_000);

    const config = (): ConfigMap => ({
      ...stackConfig(stage()),
      "openclaw-gateway:limits.enabled": { value: "false" },
      "openclaw-gateway:serviceTokens[0].name": { value: "cli" },
      // The Control UI's socket is the owner's.
      "openclaw-gateway:serviceTokens[0].role": { value: "owner" },
    });

    /** What a program is answered by OpenClaw at a hostname, and what its Control UI is, each change once. */
    function use(hostname: string, headers: Record<string, string>) {
      const { edgeAddress, certificate } = {
        edgeAddress: stage().cloudflare.edgeAddress,
        certificate: stage().ca.certificate,
      };
      const seen = { api: [] as Seen[], page: [] as Seen[] };
      const note = (list: Seen[], what: Seen) => {
        if (list.at(-1) !== what) list.push(what);
      };
      let going = true;
      const loop = (async () => {
        while (going) {
          const models = `https://${hostname}/v1/models`;
          const status = await visit({ edgeAddress, certificate }, models, { headers }).then(
            (page) => page.status,
            () => "no name",
          );
          note(seen.api, status);
          note(seen.page, await openPage(hostname, headers));
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      })();
      return async () => {
        going = false;
        await loop;
        return seen;
      };
    }

    /** What OpenClaw says to a Control UI of this origin that has its token and no device yet. */
    const openPage = (hostname: string, headers: Record<string, string>) =>
      new Promise<Seen>((resolve) => {
        const options: WebSocket.ClientOptions & ConnectionOptions = {
          headers: { ...headers, host: hostname, origin: `https://${hostname}` },
          servername: hostname,
          ca: stage().ca.certificate,
          handshakeTimeout: 15_000,
        };
        const socket = new WebSocket(`wss://${stage().cloudflare.edgeAddress}/`, options);
        const end = (what: Seen) => {
          socket.terminate();
          resolve(what);
        };
        const client = { id: "openclaw-control-ui", version: "2026.9.6", platform: "linux", mode: "webchat" };
        const auth = { token: stage().host.gatewayToken };
        const params = { minProtocol: 4, maxProtocol: 4, client, role: "operator", scopes: [], auth };
        socket.on("message", (data) => {
          const frame = JSON.parse(String(data));
          if (frame.event === "connect.challenge")
            socket.send(JSON.stringify({ type: "req", id: "1", method: "connect", params }));
          if (frame.type === "res") end(frame.ok ? "connected" : frame.error?.details?.code);
        });
        socket.on("unexpected-response", (_request, answer) => end(answer.statusCode ?? 0));
        socket.on("error", () => end("no name"));
        socket.on("close", (code) => end(`closed ${code}`));
      });
    const welcome = "CONTROL_UI_DEVICE_IDENTITY_REQUIRED";

    longTest(
      "to a hostname of its own and to another tunnel is there all the time, and its tunnel stays",
      async () => {
        const { host, cloudflare, workspace } = stage();
        const workersDev = `openclaw-${name}.${cloudflare.workersSubdomain}.workers.dev`;
        cloudflare.addZone("example.com");
        const house = await newTunnel("house");
        expect((await create("house", house.token)).code).toBe(0);
        const before = await inventoryOf(host);
        const tunnels = () => cloudflare.resources().filter((line) => line.startsWith("tunnel"));
        const built = await workspace.stack(name, config());
        stack = built;
        const { outputs } = await built.up();
        expect(tunnels()).toHaveLength(2);
        const { clientId, clientSecret } = outputs.serviceTokens?.value.cli ?? {};
        const headers = { "cf-access-client-id": clientId, "cf-access-client-secret": clientSecret };
        const origins = async () =>
          JSON.parse(await asRoot(`cat ${host.openclawFolder}/openclaw.json`)).gateway.controlUi
            .allowedOrigins;
        const upWatched = async () => {
          const stop = { old: use(workersDev, headers), new: use(own, headers) };
          await built.up();
          const seen = { old: await stop.old(), new: await stop.new() };
          expect(Object.keys((await built.preview()).changeSummary)).toEqual(["same"]);
          return seen;
        };

        await built.setConfig("openclaw-gateway:hostname", { value: own });
        await built.setConfig("openclaw-gateway:alsoHostnames[0]", { value: "workers.dev" }, true);
        expect(await upWatched()).toEqual({
          old: { api: [200], page: [welcome] },
          new: { api: ["no name", 200], page: ["no name", welcome] },
        });
        expect(await origins()).toEqual(expect.arrayContaining([`https://${own}`, `https://${workersDev}`]));

        await built.removeConfig("openclaw-gateway:alsoHostnames");
        const alone = await upWatched();
        expect(alone.new).toEqual({ api: [200], page: [welcome] });
        expect(alone.old.api.at(-1)).toBe(404);
        expect(await origins()).toContain(`https://${own}`);
        expect(await origins()).not.toContain(`https://${workersDev}`);

        // From the tunnel of its own to the one that was there, whose connector runs already.
        await built.setConfig("openclaw-gateway:tunnel.id", { value: house.id }, true);
        expect((await upWatched()).new).toEqual({ api: [200], page: [welcome] });
        expect(tunnels()).toEqual([`tunnel connector-house (${house.id})`]);
        expect((await asRoot(`systemctl is-active cloudflared-${name} || true`)).trim()).toBe("inactive");

        await built.destroy();
        expect(tunnels()).toEqual([`tunnel connector-house (${house.id})`]);
        expect(await api().tunnelStatus(house.id)).toBe("healthy");
        expect(differences(before, await inventoryOf(host))).toEqual([]);
      },
    );
  });
}
