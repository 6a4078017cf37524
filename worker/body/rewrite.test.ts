import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startGateway, type TestGateway } from "../testing/gateway.ts";

let gateway: TestGateway;
/** What has reached OpenClaw, as JSON. */
let received: Record<string, unknown>[] = [];

beforeAll(async () => {
  gateway = await startGateway({
    bindings: {
      API_ENDPOINTS: "responses,embeddings",
      QUOTAS: JSON.stringify({ member: { maxTokens: 1000 }, guest: { maxTokens: 500, tokensPerDay: 1e9 } }),
    },
  });
});
afterAll(() => gateway?.close());
beforeEach(() => {
  gateway.openclaw.reset();
  received = [];
  gateway.openclaw.answer(async (request, response) => {
    let text = "";
    for await (const chunk of request) text += chunk;
    received.push(JSON.parse(text));
    response.writeHead(200, { "content-type": "application/json" }).end("{}");
  });
});

const person = (email: string) => gateway.team.person({ email });
const tokens = {
  owner: () => person("ada@example.com"),
  member: () => person("mel@example.com"),
  guest: () => person("gus@guests.example"),
  program: () => gateway.team.service(),
};
type Who = keyof typeof tokens;

async function post(who: Who, body: unknown, path = "/v1/chat/completions") {
  const answer = await gateway.fetch(path, {
    method: "POST",
    token: await tokens[who](),
    headers: { "content-type": "application/json" },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  const json = (await answer.json()) as { error?: { code?: string } };
  return { status: answer.status, code: json.error?.code, sent: received.at(-1) };
}

describe("the model", () => {
  it.each([
    ["none asked for", "{}", "openclaw/web"],
    ["nothing", '{"model":null}', "openclaw/web"],
    ["no agent in particular", '{"model":"openclaw"}', "openclaw/web"],
    ["an empty one", '{"model":"  "}', "openclaw/web"],
    ["one of the role's", '{"model":"openclaw/web"}', "openclaw/web"],
    ["one in another spelling", '{"model":" OpenClaw:WEB"}', "openclaw/web"],
    ["one by its alias", '{"model":"agent:web"}', "openclaw/web"],
    ["the last of two, as everywhere", '{"model":"openclaw/main","model":"openclaw/web"}', "openclaw/web"],
    ["one below __proto__", '{"__proto__":{"model":"openclaw/main"}}', "openclaw/web"],
  ])("of a role with agents of its own is one of them: %s", async (_name, body, model) => {
    const { status, sent } = await post("guest", body);
    expect([status, sent?.model]).toEqual([200, model]);
  });

  it.each([
    '{"model":"openclaw/main"}',
    '{"model":"openclaw/default"}',
    '{"model":"gpt-4"}',
    '{"model":"openclaw/web/../main"}',
    '{"model":"openclaw/web\\nopenclaw/main"}',
    '{"model":["openclaw/web"]}',
    '{"model":{"toString":"openclaw/web"}}',
    '{"model":7}',
    '{"model":"openclaw/web","\\u006dodel":"openclaw/main"}',
  ])("that the role does not talk to is refused: %s", async (body) => {
    expect(await post("guest", body)).toEqual({ status: 403, code: "MODEL_REFUSED", sent: undefined });
  });

  it("of a role without agents of its own is what was asked for", async () => {
    expect((await post("owner", { model: "openclaw/main" })).sent?.model).toBe("openclaw/main");
    expect((await post("owner", {})).sent?.model).toBe("openclaw");
  });
});

describe("the session", () => {
  const user = async (who: Who, named?: unknown) => (await post(who, { user: named })).sent?.user;

  it("without a name is each request's own", async () => {
    const [first, second] = [await user("owner"), await user("owner")];
    expect(first).toMatch(/^person-[0-9a-f]{32}-[0-9a-f-]{36}$/);
    expect(second).not.toBe(first);
    expect(String(second).slice(0, 40)).toBe(String(first).slice(0, 40));
  });

  it("by a name is the identity's own, and the same each time", async () => {
    const named: unknown[] = [];
    for (const who of ["owner", "member", "guest", "program"] as const) named.push(await user(who, "main"));
    expect(new Set(named).size).toBe(4);
    expect(await user("owner", "main")).toBe(named[0]);
    expect(await user("owner", "other")).not.toBe(named[0]);
    expect(String(named[3])).toMatch(/^service-/);
  });

  it("cannot be named by its key, nor by any key of OpenClaw's", async () => {
    const own = await user("owner", "main");
    for (const name of [own, "agent:main:main", "cron:x", "subagent:x", ["main"], { a: 1 }])
      expect([await user("member", name)]).toEqual([expect.stringMatching(/^person-[0-9a-f-]+$/)]);
    expect(await user("member", own)).not.toBe(own);
  });

  it("of another response is continued by owners alone, since OpenClaw cannot tell who asks", async () => {
    const body = { input: "hi", previous_response_id: "resp_1" };
    expect(await post("member", body, "/v1/responses")).toMatchObject({
      status: 403,
      code: "SESSION_REFUSED",
    });
    expect((await post("owner", body, "/v1/responses")).sent?.previous_response_id).toBe("resp_1");
  });
});

describe("the cap of a role", () => {
  it.each([
    [{}, { max_completion_tokens: 500 }],
    [{ max_tokens: 20 }, { max_tokens: 20 }],
    [{ max_tokens: 501 }, { max_tokens: 500 }],
    [
      { max_tokens: 1, max_completion_tokens: 9e9 },
      { max_tokens: 1, max_completion_tokens: 500 },
    ],
    [{ max_completion_tokens: null }, { max_completion_tokens: 500 }],
    [{ max_tokens: "9999" }, { max_tokens: 500 }],
    ['{"max_tokens":1e400}', { max_tokens: 500 }],
  ])("%j goes on as %j", async (asked, caps) => {
    const { sent } = await post("guest", asked);
    const { max_tokens, max_completion_tokens, max_output_tokens } = sent ?? {};
    expect(JSON.parse(JSON.stringify({ max_tokens, max_completion_tokens, max_output_tokens }))).toEqual(
      caps,
    );
  });

  it("is called otherwise at /v1/responses, which takes no other field", async () => {
    const { sent } = await post("member", { input: "hi" }, "/v1/responses");
    expect(Object.keys(sent ?? {}).sort()).toEqual(["input", "max_output_tokens", "model", "user"]);
    expect(sent?.max_output_tokens).toBe(1000);
  });

  it("of nobody changes nothing", async () => {
    const { sent } = await post("owner", { max_tokens: 9e9, stream: true });
    expect(sent).toMatchObject({ max_tokens: 9e9, stream: true });
    expect(sent).not.toHaveProperty("stream_options");
  });

  it("makes a stream tell what it used", async () => {
    const { sent } = await post("guest", { stream: true, stream_options: { include_usage: false, x: 1 } });
    expect(sent?.stream_options).toEqual({ include_usage: true, x: 1 });
    for (const stream_options of [null, [], "include_usage", 7, [{ include_usage: false }]]) {
      const other = await post("guest", { stream: true, stream_options });
      expect(other.sent?.stream_options).toMatchObject({ include_usage: true });
    }
    expect((await post("guest", {})).sent).not.toHaveProperty("stream_options");
  });
});

describe("a body that would change what every object has", () => {
  const EVIL = { model: "openclaw/main", max_tokens: 9e9, stream: true, include_usage: false, type: "url" };
  const evil = JSON.stringify(EVIL);
  it.each([
    `{"__proto__":${evil}}`,
    `{"constructor":{"prototype":${evil}}}`,
    `{"stream":true,"stream_options":{"__proto__":${evil}}}`,
    `{"messages":[{"__proto__":${evil},"content":[{"__proto__":${evil}}]}]}`,
    `{"model":"openclaw/web","user":{"__proto__":${evil}},"tools":[{"__proto__":${evil}}]}`,
  ])("changes neither its own request nor anybody's after it: %s", async (body) => {
    const { status, sent } = await post("guest", body);
    expect([status, sent?.model, sent?.max_tokens ?? 0]).toEqual([200, "openclaw/web", 0]);
    expect(sent?.max_completion_tokens).toBe(500);
    if (sent?.stream) expect(sent.stream_options).toMatchObject({ include_usage: true });
    const { sent: after } = await post("guest", {});
    expect(Object.keys(after ?? {}).sort()).toEqual(["max_completion_tokens", "model", "user"]);
    expect((await post("member", { messages: [{ content: [{ type: "text" }] }] })).status).toBe(200);
  });
});

describe("a body that is nested without end", () => {
  it.each([
    ["lists", "[", "]"],
    ["objects", '{"a":', "}"],
  ])("is the client's mistake, and goes no further: %s", async (_name, open, close) => {
    const depth = 100_000;
    const body = `{"a":${open.repeat(depth)}1${close.repeat(depth)}}`;
    for (const who of ["owner", "member"] as const)
      expect(await post(who, body)).toEqual({ status: 400, code: "BODY_INVALID", sent: undefined });
  });
});

describe("what the Pi would have to fetch", () => {
  const image = (source: unknown) => ({
    input: [{ type: "message", role: "user", content: [{ type: "input_image", source }] }],
  });
  it.each([
    ["/v1/responses", image({ type: "url", url: "http://192.168.1.1/" })],
    ["/v1/responses", image({ type: "url", url: ["http://192.168.1.1/"] })],
    ["/v1/responses", { input: [{ content: [{ type: "input_image", image_url: "http://192.168.1.1/" }] }] }],
    ["/v1/responses", { input: [{ type: "input_image", image_url: " HTTP://192.168.1.1/" }] }],
    ["/v1/responses", { input: [{ content: [{ type: "input_file", file_url: "file:///etc/passwd" }] }] }],
    [
      "/v1/chat/completions",
      { messages: [{ content: [{ type: "image_url", image_url: { url: "http://[::1]/" } }] }] },
    ],
    ["/v1/responses", { input: [{ content: [{ type: "input_image", image_url: "\u0001http://[::1]/" }] }] }],
    ["/v1/responses", { input: [{ content: [{ type: "input_file", file_url: "ht\ntp://[::1]/" }] }] }],
    [
      "/v1/chat/completions",
      { messages: [{ content: [{ type: "image_url", image_url: { url: "\ttt\tp\r:x", a: 1 } }] }] },
    ],
    [
      "/v1/chat/completions",
      { messages: [null, { content: [0, { type: "file", file: { file_data: "https://x" } }] }] },
    ],
  ])("%s with %j is refused, but for owners", async (path, body) => {
    expect(await post("member", body, path)).toMatchObject({ status: 403, code: "REMOTE_CONTENT_REFUSED" });
    expect(received).toEqual([]);
    expect((await post("owner", body, path)).status).toBe(200);
  });

  it.each([
    { messages: [{ role: "user", content: "see https://example.com" }] },
    {
      messages: [
        {
          content: [
            { type: "text", text: "http://x" },
            { type: "image_url", image_url: { url: "data:image/png;base64,AA" } },
            { type: "file", file: { file_data: "SGk+/w==", filename: "c:a.txt" } },
          ],
        },
      ],
    },
    { input: [{ content: [{ type: "input_file", source: { type: "base64", data: "AA" } }] }] },
  ])("is not what only mentions an address: %j", async (body) => {
    expect((await post("member", body)).status).toBe(200);
  });
});
