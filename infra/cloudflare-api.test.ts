import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import * as pulumi from "@pulumi/pulumi";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { readCloudflare } from "./cloudflare-api.ts";

const token = "cfut_a-token-that-must-not-be-shown-anywhere";

interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Record<string, string>;
}
const good = { status: 200, body: { success: true, errors: [], result: { subdomain: "family" } } };

describe("readCloudflare", () => {
  let api: Server;
  let baseUrl: string;
  let asked: IncomingMessage[];
  /** One after the other; the last one stays. */
  let answers: Answer[];

  beforeEach(async () => {
    asked = [];
    answers = [good];
    api = createServer((request, response) => {
      asked.push(request);
      const { status, body, headers } = (answers.length > 1 ? answers.shift() : answers[0]) as Answer;
      response.writeHead(status, headers).end(JSON.stringify(body));
    });
    await new Promise<void>((resolve) => api.listen(0, "127.0.0.1", resolve));
    baseUrl = `http://127.0.0.1:${(api.address() as AddressInfo).port}/client/v4`;
    pulumi.runtime.setAllConfig({});
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    vi.restoreAllMocks();
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
    answers = [
      { status: 403, body: { success: false, errors: [{ code: 10000, message: "Authentication error" }] } },
    ];
    const error = await readCloudflare("/accounts/1/workers/subdomain").catch((caught: Error) => caught);
    expect(String(error)).toContain(
      "403 to GET /accounts/1/workers/subdomain: Authentication error (code 10000)",
    );
    expect(JSON.stringify(error) + String(error)).not.toContain(token);
  });

  test("tries again what may pass by itself, and says so", async () => {
    const words: string[] = [];
    answers = [{ status: 503, body: {}, headers: { "retry-after": "0" } }, good];
    expect(await readCloudflare("/x", { baseUrl, token, onWait: (text) => words.push(text) })).toEqual(
      good.body.result,
    );
    expect(words).toEqual(["Cloudflare answered 503: trying again in 0 s"]);
    expect(asked).toHaveLength(2);
  });

  test("gives up after four tries", async () => {
    answers = [{ status: 500, body: {}, headers: { "retry-after": "0" } }];
    await expect(readCloudflare("/x", { baseUrl, token })).rejects.toThrow(/CLOUDFLARE_BUSY: .* 500 to GET/);
    expect(asked).toHaveLength(4);
  });

  test("does not wait for the five minutes that follow a spent budget", async () => {
    answers = [{ status: 429, body: {}, headers: { "retry-after": "300" } }];
    await expect(readCloudflare("/x", { baseUrl, token })).rejects.toThrow(
      /CLOUDFLARE_BUSY[\s\S]*wait five minutes/,
    );
    expect(asked).toHaveLength(1);
  });

  test("asks a refusal only once", async () => {
    answers = [{ status: 404, body: { success: false, errors: [{ code: 7003, message: "no route" }] } }];
    await expect(readCloudflare("/x", { baseUrl, token })).rejects.toMatchObject({
      status: 404,
      codes: [7003],
      code: "CLOUDFLARE_REFUSED",
    });
    expect(asked).toHaveLength(1);
  });

  test("says that nothing answered", async () => {
    const { port } = api.address() as AddressInfo;
    await new Promise((resolve) => api.close(resolve));
    const real = globalThis.setTimeout;
    const pauses = vi
      .spyOn(globalThis, "setTimeout")
      .mockImplementation(((go: () => void, _ms: number, ...rest: []) => real(go, 1, ...rest)) as never);
    await expect(readCloudflare("/x", { baseUrl: `http://127.0.0.1:${port}`, token })).rejects.toThrow(
      /CLOUDFLARE_UNREACHABLE: .*did not answer GET \/x: .*\n {2}is this machine online/,
    );
    const waited = pauses.mock.calls.map(([, ms]) => ms);
    expect(waited).toEqual(expect.arrayContaining([1_000, 3_000, 9_000]));
  });

  test("says so when the answer is none of Cloudflare's", async () => {
    answers = [{ status: 502, body: "<html>", headers: { "retry-after": "0" } }];
    await expect(readCloudflare("/x", { baseUrl, token })).rejects.toThrow("502 to GET /x: no explanation");
  });
});
