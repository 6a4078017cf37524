import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readCloudflare } from "./cloudflare-api.ts";

const token = "cfut_a-token-that-must-not-be-shown-anywhere";

describe("readCloudflare", () => {
  let api: Server;
  let baseUrl: string;
  let asked: IncomingMessage[];
  let answer: { status: number; body: unknown };

  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: { success: true, errors: [], result: { subdomain: "family" } } };
    api = createServer((request, response) => {
      asked.push(request);
      response.writeHead(answer.status).end(JSON.stringify(answer.body));
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    baseUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}/client/v4`;
    pulumi.runtime.setAllConfig({});
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    api.close();
  });

  test("signs in with the stack's provider settings", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", "another");
    pulumi.runtime.setAllConfig({ "cloudflare:apiToken": token, "cloudflare:baseUrl": `${baseUrl}/` });
    expect(await readCloudflare("/accounts/1/workers/subdomain")).toEqual({ subdomain: "family" });
    expect(asked.map(({ url }) => url)).toEqual(["/client/v4/accounts/1/workers/subdomain"]);
    expect(asked[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("else with those of the environment", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", token);
    vi.stubEnv("CLOUDFLARE_BASE_URL", baseUrl);
    await readCloudflare("/x");
    expect(asked[0]?.headers.authorization).toBe(`Bearer ${token}`);
  });

  test("says how to set a token when there is none", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", undefined);
    await expect(readCloudflare("/x")).rejects.toThrow("npx pulumi config set --secret cloudflare:apiToken");
  });

  test("gives Cloudflare's own words and code, and never the token", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", token);
    vi.stubEnv("CLOUDFLARE_BASE_URL", baseUrl);
    answer = {
      status: 403,
      body: { success: false, errors: [{ code: 10000, message: "Authentication error" }] },
    };
    const error = await readCloudflare("/accounts/1/workers/subdomain").catch((caught: Error) => caught);
    expect(String(error)).toContain(
      "403 to GET /accounts/1/workers/subdomain: Authentication error (code 10000)",
    );
    expect(JSON.stringify(error) + String(error)).not.toContain(token);
  });

  test("says that nothing answered", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", token);
    vi.stubEnv("CLOUDFLARE_BASE_URL", "http://127.0.0.1:9");
    await expect(readCloudflare("/x")).rejects.toThrow(
      /did not answer GET \/x: .*\n {2}is this machine online/,
    );
  });

  test("says so when the answer is none of Cloudflare's", async () => {
    vi.stubEnv("CLOUDFLARE_API_TOKEN", token);
    vi.stubEnv("CLOUDFLARE_BASE_URL", baseUrl);
    answer = { status: 502, body: "<html>" };
    await expect(readCloudflare("/x")).rejects.toThrow("502 to GET /x: no explanation");
  });
});
