import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { askGateway, askUntil, type GatewayAnswer } from "./gateway.ts";

const refused: GatewayAnswer = { status: 401, code: "", byWorker: false };
const taken: GatewayAnswer = { status: 200, code: "", byWorker: true };
const isTaken = ({ status }: GatewayAnswer) => status === 200;
const never = new AbortController().signal;

/** Answers in turn, the last one for ever. */
function gateway(...answers: readonly [GatewayAnswer, ...GatewayAnswer[]]) {
  const asked = { times: 0 };
  const ask = async () => answers[Math.min(asked.times++, answers.length - 1)] as GatewayAnswer;
  return { asked, ask };
}

describe("asking until an answer is as wanted", () => {
  test("asks once when the first one is, however short the time", async () => {
    const { asked, ask } = gateway(taken, refused);
    expect(await askUntil(ask, isTaken, { withinMs: 0, signal: never })).toBe(taken);
    expect(asked.times).toBe(1);
  });

  test("asks again until one is", async () => {
    const { asked, ask } = gateway(refused, refused, taken, refused);
    expect(await askUntil(ask, isTaken, { withinMs: 1_000, signal: never })).toBe(taken);
    expect(asked.times).toBe(3);
  });

  test("gives the last answer once the time is over, and does not ask for ever", async () => {
    const { asked, ask } = gateway(refused);
    const began = performance.now();
    expect(await askUntil(ask, isTaken, { withinMs: 250, signal: never })).toBe(refused);
    expect(performance.now() - began).toBeLessThan(2_000);
    // One pause is 100 ms at least: 0, 100, 200 and the one that sees that the time is over.
    expect(asked.times).toBeGreaterThan(1);
    expect(asked.times).toBeLessThanOrEqual(4);
  });

  test("without any time asks once all the same", async () => {
    const { asked, ask } = gateway(refused);
    expect(await askUntil(ask, isTaken, { withinMs: 0, signal: never })).toBe(refused);
    expect(asked.times).toBe(1);
  });

  test("ends in its pause when somebody wants an end", async () => {
    const interruption = new AbortController();
    const { asked, ask } = gateway(refused);
    const asking = askUntil(
      async () => {
        setImmediate(() => interruption.abort());
        return ask();
      },
      isTaken,
      { withinMs: 60_000, signal: interruption.signal },
    );
    await expect(asking).rejects.toMatchObject({ name: "AbortError" });
    expect(asked.times).toBe(1);
  });
});

test("an answer that does not come is one without a status, and no error", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  const credentials = { clientId: "id", clientSecret: "secret" };
  expect(await askGateway(`http://127.0.0.1:${port}`, "/ready", credentials)).toEqual({
    status: 0,
    code: "ECONNREFUSED",
    byWorker: false,
  });
});
