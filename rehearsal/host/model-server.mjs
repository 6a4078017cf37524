/**
 * The rehearsal's language model: an OpenAI-compatible server whose answers can be known beforehand.
 *
 * It answers the last user message with "The rehearsal's model heard: <message>", one word about every 50 ms, so that
 * a stream can be told from an answer that came at once. GET /v1/models and POST /v1/chat/completions are all it has.
 *
 * Where there is a file model-keys beside it, it takes the keys that are its lines and refuses all others as OpenAI does.
 *
 * Asked to "Use the tool NAME with {…}" it does what a model does that was talked into it: it calls the tool, whether it
 * was offered or not, and says what came of it.
 */
import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { setTimeout as delay } from "node:timers/promises";

const model = "stub-1";
const wordEveryMs = 50;
const keysFile = new URL("model-keys", import.meta.url);

createServer((request, response) => {
  handle(request, response).catch((error) => {
    if (!response.headersSent) response.writeHead(500);
    response.end(String(error));
  });
}).listen(18080, "127.0.0.1");

async function handle(request, response) {
  if (!isKnown(request.headers.authorization)) return refuseKey(response);
  const route = `${request.method} ${request.url}`;
  if (route === "GET /v1/models")
    return sendJson(response, {
      object: "list",
      data: [{ id: model, object: "model", owned_by: "rehearsal" }],
    });
  if (route !== "POST /v1/chat/completions") return response.writeHead(404).end();
  const body = JSON.parse(await readBody(request));
  const question = lastQuestion(body.messages);
  const result = toolResult(body.messages);
  const answer =
    result === undefined ? `The rehearsal's model heard: ${question}` : `The tool said: ${result}`;
  const call = result === undefined ? toolCall(question) : undefined;
  const usage = countUsage(body.messages, answer);
  const base = {
    id: "chatcmpl-rehearsal",
    created: Math.floor(Date.now() / 1000),
    model: body.model ?? model,
  };
  if (body.stream) return stream(response, base, call ?? answer, usage);
  const message = {
    role: "assistant",
    ...(call ? { content: null, tool_calls: [call] } : { content: answer }),
  };
  const choices = [{ index: 0, message, finish_reason: call ? "tool_calls" : "stop" }];
  return sendJson(response, { ...base, object: "chat.completion", choices, usage });
}

const isKnown = (authorization = "") =>
  !existsSync(keysFile) ||
  readFileSync(keysFile, "utf8")
    .split("\n")
    .some((key) => key !== "" && authorization === `Bearer ${key}`);

/** https://platform.openai.com/docs/guides/error-codes */
const refuseKey = (response) =>
  sendJson(
    response,
    {
      error: {
        message: "Incorrect API key provided.",
        type: "invalid_request_error",
        param: null,
        code: "invalid_api_key",
      },
    },
    401,
  );

/** What a tool answered since the assistant last called one; OpenClaw may put a context of its own behind it. */
function toolResult(messages) {
  const called = messages.findLastIndex(({ role, tool_calls }) => role === "assistant" && tool_calls?.length);
  const asked = messages.findLastIndex(
    ({ role, content }) =>
      role === "user" && !textOf(content).startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>"),
  );
  const result = messages.findLast(({ role }, index) => role === "tool" && index > called && called > asked);
  return result && textOf(result.content);
}

function toolCall(question) {
  const [, name, parameters] = /^Use the tool (\w+) with (\{.*\})/s.exec(question) ?? [];
  if (name) return { id: "call_rehearsal", type: "function", function: { name, arguments: parameters } };
}

async function readBody(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

/**
 * What the user asked last. OpenClaw 2026.9 wraps it: a time stamp and who says it before it, a line about the run
 * behind it, the earlier messages of the conversation above it, and a message of its own with internal context after it.
 */
function lastQuestion(messages) {
  const texts = messages
    .filter((message) => message.role === "user")
    .map((message) => textOf(message.content));
  const asked = texts.findLast((text) => !text.startsWith("<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>")) ?? "";
  const current = asked.split("[Current message - respond to this]\nUser: ").at(-1);
  return current
    .replace(/^\[[A-Z][a-z]{2} \d{4}-\d\d-\d\d [^\]\n]*\] /, "")
    .replace(/^Conversation info: ⟦openclaw:ctx⟧\n```json\n[^`]*```\n\n/, "")
    .replace(/\n\nRuntime: agent=[^\n]*$/, "")
    .trim();
}

const textOf = (content) =>
  typeof content === "string" ? content : (content ?? []).map((part) => part.text ?? "").join(" ");

function countUsage(messages, answer) {
  const prompt_tokens = JSON.stringify(messages).split(/\s+/).length;
  const completion_tokens = answer.split(/\s+/).length;
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens };
}

async function stream(response, base, answer, usage) {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-cache" });
  const send = (fields) =>
    response.write(`data: ${JSON.stringify({ ...base, object: "chat.completion.chunk", ...fields })}\n\n`);
  const choice = (delta, finish_reason = null) => ({ choices: [{ index: 0, delta, finish_reason }] });
  send(choice({ role: "assistant", content: "" }));
  const call = typeof answer === "object" ? answer : undefined;
  if (call) send(choice({ tool_calls: [{ index: 0, ...call }] }));
  for (const word of call ? [] : (answer.match(/\s*\S+/g) ?? [])) {
    await delay(wordEveryMs);
    if (response.destroyed) return;
    send(choice({ content: word }));
  }
  send(choice({}, call ? "tool_calls" : "stop"));
  send({ choices: [], usage });
  response.end("data: [DONE]\n\n");
}

function sendJson(response, value, status = 200) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}
