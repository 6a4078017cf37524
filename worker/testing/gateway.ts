import { fileURLToPath } from "node:url";
import { type DispatchFetch, Miniflare, Response as MiniflareResponse } from "miniflare";
import { bundleWorker } from "../../contract/bundle.ts";
import { WORKER_COMPATIBILITY_DATE, WORKER_COMPATIBILITY_FLAGS } from "../../contract/worker.ts";
import { AUDIENCE, createTeam, TEAM_DOMAIN, type TestTeam } from "./access.ts";
import { type FakeOpenClaw, startFakeOpenClaw } from "./openclaw.ts";

export const ORIGIN = "https://claw.example.com";
export const GATEWAY_TOKEN = "gateway-token-of-the-test";
export const CLIENT_ADDRESS = "203.0.113.9";

/** The bundled Worker in workerd, between an Access team and an OpenClaw of the test's own. */
export interface TestGateway {
  readonly team: TestTeam;
  readonly openclaw: FakeOpenClaw;
  /** Where workerd itself listens, for clients that are no fetch. TLS with a certificate of its own. */
  readonly url: URL;
  /** A request as the edge hands it over: with the client's address, and a person's token unless one is given. */
  fetch(path: string, init?: Init): ReturnType<DispatchFetch>;
  close(): Promise<void>;
}

type Init = NonNullable<Parameters<DispatchFetch>[1]> & { token?: string | null; origin?: string };

export interface TestGatewayOptions {
  /** Changes the Worker's variables; `undefined` takes one away. */
  readonly bindings?: Record<string, string | undefined>;
  /** Stands in for the VPC service, to fail like it. */
  readonly vpcService?: () => MiniflareResponse;
  readonly withoutVpcService?: boolean;
}

export async function startGateway(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const team = await createTeam();
  const openclaw = await startFakeOpenClaw();
  await bundleWorker();
  const bindings = {
    TEAM_DOMAIN,
    POLICY_AUD: AUDIENCE,
    OPENCLAW_GATEWAY_TOKEN: GATEWAY_TOKEN,
    ...options.bindings,
  };
  const miniflare = new Miniflare({
    modules: true,
    scriptPath: fileURLToPath(new URL("../../.build/worker.js", import.meta.url)),
    compatibilityDate: WORKER_COMPATIBILITY_DATE,
    compatibilityFlags: [...WORKER_COMPATIBILITY_FLAGS],
    https: true,
    bindings: Object.fromEntries(Object.entries(bindings).filter(([, value]) => value !== undefined)),
    serviceBindings: options.withoutVpcService
      ? {}
      : {
          VPC_SERVICE: options.vpcService ?? {
            external: { address: `127.0.0.1:${openclaw.port}`, http: {} },
          },
        },
    outboundService: async (request) => {
      const answer = team.respond(request.url);
      return new MiniflareResponse(await answer?.text(), { status: answer?.status ?? 599 });
    },
  });
  const url = await miniflare.ready;
  return {
    team,
    openclaw,
    url,
    async fetch(path, { token, origin = ORIGIN, ...init } = {}) {
      const sent = token === undefined ? await team.person() : token;
      const headers = {
        "cf-connecting-ip": CLIENT_ADDRESS,
        ...(sent === null ? {} : { "cf-access-jwt-assertion": sent }),
        ...(init.headers as Record<string, string> | undefined),
      };
      return miniflare.dispatchFetch(`${origin}${path}`, { redirect: "manual", ...init, headers });
    },
    async close() {
      await miniflare.dispose();
      await openclaw.close();
    },
  };
}
