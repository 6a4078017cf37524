import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { openPost } from "../testing/client.ts";
import { CLIENT_ADDRESS, ORIGIN, startGateway, type TestGateway } from "../testing/gateway.ts";
import { BODY_TIMEOUT_MS, readBody } from "./read.ts";

const MAX_BYTES = 1000;
let gateway: TestGateway;
beforeAll(async () => {
  gateway = await startGateway({ bindings: { MAX_BODY_BYTES: String(MAX_BYTES) } });
});
afterAll(() => gateway?.close());
afterEach(() => {
  gateway.openclaw.reset();
  vi.useRealTimers();
});

/**
 * What comes back for a body that is sent in these pieces, without a Content-Length. workerd closes a connection whose
 * body it was not made to read, and that reset may overtake the answer (RFC 9112, 9.6): then it is asked again.
 */
async function sent(pieces: readonly (string | Uint8Array)[], headers: Record<string, string> = {}) {
  for (let tries = 1; ; tries++) {
    try {
      return await sentOnce(pieces, headers);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ECONNRESET" || tries === 5) throw error;
    }
  }
}

async function sentOnce(pieces: readonly (string | Uint8Array)[], headers: Record<string, string>) {
  const client = await openPost(gateway, headers);
  client.on("error", () => undefined); // where it is refused before it is complete
  for (const piece of pieces) client.write(piece);
  client.end();
  const [answer] = (await once(client, "response")) as [IncomingMessage];
  let text = "";
  for await (const chunk of answer) text += chunk;
  return [answer.statusCode, JSON.parse(text).error?.code];
}
const ok = [200, undefined];
const body = (length: number) => `{"a":"${"x".repeat(length - 8)}"}`;

describe("a body", () => {
  it("goes through up to its limit, and not one byte longer, announced or not", async () => {
    expect(await sent([body(MAX_BYTES)])).toEqual(ok);
    expect(await sent([body(MAX_BYTES)], { "content-length": String(MAX_BYTES) })).toEqual(ok);
    expect(await sent([body(600), " ".repeat(401)])).toEqual([413, "BODY_TOO_LARGE"]);
    expect(await sent([body(MAX_BYTES + 1)], { "content-length": String(MAX_BYTES + 1) })).toEqual([
      413,
      "BODY_TOO_LARGE",
    ]);
    expect(await sent(["é".repeat(600)])).toEqual([413, "BODY_TOO_LARGE"]); // bytes, not characters
    expect(gateway.openclaw.requests).toHaveLength(2);
  });

  it.each(["5", "0", "1e2", "-1"])(
    "in chunks is counted, though it announces a length of %s",
    async (length) => {
      const { hostname, port } = gateway.url;
      const text = body(MAX_BYTES + 1);
      const client = connect(Number(port), hostname);
      const head = [
        "POST /v1/chat/completions HTTP/1.1",
        "Host: claw.example.com",
        `MF-Original-URL: ${ORIGIN}/v1/chat/completions`,
        `CF-Connecting-IP: ${CLIENT_ADDRESS}`,
        `CF-Access-Jwt-Assertion: ${await gateway.team.person()}`,
        "Content-Type: application/json",
        `Content-Length: ${length}`,
        "Transfer-Encoding: chunked",
      ];
      client.write(`${head.join("\r\n")}\r\n\r\n${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`);
      const [answer] = (await once(client, "data")) as [Buffer];
      client.destroy();
      expect(String(answer)).toMatch(/^HTTP\/1\.1 4(13|00) /);
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );

  it("that announces too much is refused before it comes", async () => {
    const client = await openPost(gateway, { "content-length": "99999999999" });
    client.on("error", () => undefined);
    client.flushHeaders();
    const [answer] = (await once(client, "response")) as [IncomingMessage];
    expect(answer.statusCode).toBe(413);
    client.destroy();
  });

  it("that is cut between the bytes of a character arrives whole", async () => {
    const bytes = new TextEncoder().encode('{"user":"é€😀"}');
    expect(await sent(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(ok);
  });

  it.each(["", " ", "{", "[]", '"x"', "1", "null", "{}{}", "{'a':1}", '{"a":1,}', "NaN", "\ufeff\ufeff{}"])(
    "that is no JSON object is refused: %j",
    async (text) => {
      expect(await sent([text])).toEqual([400, "BODY_INVALID"]);
      expect(gateway.openclaw.requests).toHaveLength(0);
    },
  );

  it.each(["gzip", "GZIP", "deflate", "br", "identity, gzip", "x"])(
    "in the content coding %s is refused, since nobody knows what it becomes",
    async (encoding) => {
      const packed = gzipSync("{}");
      expect(await sent([packed], { "content-encoding": encoding })).toEqual([415, "ENCODING_REFUSED"]);
    },
  );

  it.each(["application/json; charset=utf-8", "Application/JSON", "application/json;x=y"])(
    "may be declared as %s",
    async (type) => {
      expect(await sent(["{}"], { "content-type": type })).toEqual(ok);
    },
  );

  it.each(["text/plain, application/json", "application/json, text/plain", "application/jsonp", "json"])(
    "may not be declared as %s",
    async (type) => {
      expect(await sent(["{}"], { "content-type": type })).toEqual([415, "JSON_REQUIRED"]);
    },
  );

  it("that does not come to its end is refused in time", async () => {
    vi.useFakeTimers();
    const stalled = new ReadableStream({ start: (controller) => controller.enqueue(Uint8Array.of(123)) });
    const headers = { "content-type": "application/json" };
    const init = { method: "POST", headers, body: stalled, duplex: "half" };
    const reading = readBody(new Request("https://claw.example.com/", init), MAX_BYTES);
    const refused = expect(reading).rejects.toMatchObject({ code: "BODY_TOO_SLOW", status: 408 });
    await vi.advanceTimersByTimeAsync(BODY_TIMEOUT_MS);
    await refused;
  });
});
