import { once } from "node:events";
import { type Agent, request } from "node:http";
import { performance } from "node:perf_hooks";
import { WebSocket } from "ws";

/** Milliseconds until the first bytes of a streamed answer, for each of `count` questions, one after the other. */
export async function firstChunks(
  port: number,
  headers: Readonly<Record<string, string>>,
  { agent, count }: { readonly agent: Agent; readonly count: number },
): Promise<number[]> {
  const body = JSON.stringify({
    model: "openclaw",
    messages: [{ role: "user", content: "Hello" }],
    stream: true,
  });
  const measured: number[] = [];
  for (let asked = 0; asked < count; asked++) {
    const startedAt = performance.now();
    const question = request({
      port,
      agent,
      method: "POST",
      path: "/v1/chat/completions",
      headers: { ...headers, "content-type": "application/json", "content-length": Buffer.byteLength(body) },
    });
    question.end(body);
    const [answer] = await once(question, "response");
    if (answer.statusCode !== 200) throw new Error(`a streamed answer came with status ${answer.statusCode}`);
    const ended = once(answer, "end");
    await once(answer, "data"); // which also sets it flowing
    measured.push(performance.now() - startedAt);
    await ended;
  }
  return measured;
}

/** Milliseconds of a 64-byte message there and back, for each of `count` messages, one after the other. */
export async function roundTrips(
  port: number,
  headers: Readonly<Record<string, string>>,
  count: number,
): Promise<number[]> {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, {
    headers: { ...headers },
    perMessageDeflate: false,
  });
  await once(socket, "open");
  const message = "x".repeat(64);
  const measured: number[] = [];
  for (let sent = 0; sent < count; sent++) {
    const startedAt = performance.now();
    const back = once(socket, "message");
    socket.send(message);
    await back;
    measured.push(performance.now() - startedAt);
  }
  socket.terminate();
  return measured;
}
