// Asks your OpenClaw a question with OpenAI's SDK: once for the whole answer, once as a stream.
// It needs OPENAI_BASE_URL, CF_ACCESS_CLIENT_ID and CF_ACCESS_CLIENT_SECRET in the environment.
import OpenAI from "openai";

const { OPENAI_BASE_URL, CF_ACCESS_CLIENT_ID, CF_ACCESS_CLIENT_SECRET } = process.env;
const client = new OpenAI({
  baseURL: OPENAI_BASE_URL,
  // The SDK wants a key; the gateway drops it. Said here so that a real one in the environment is not sent.
  apiKey: "not-used",
  defaultHeaders: {
    "CF-Access-Client-Id": CF_ACCESS_CLIENT_ID,
    "CF-Access-Client-Secret": CF_ACCESS_CLIENT_SECRET,
  },
});

const answer = await client.chat.completions.create({
  model: "openclaw",
  messages: [{ role: "user", content: "Say hello" }],
});
console.log(answer.choices[0]?.message.content);

const stream = await client.chat.completions.create({
  model: "openclaw",
  messages: [{ role: "user", content: "Say good night" }],
  stream: true,
});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta.content ?? "");
process.stdout.write("\n");
