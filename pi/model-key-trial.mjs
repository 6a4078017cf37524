/**
 * Whether a model answers with a key: aside, as nobody's but this program's, and then through OpenClaw's gateway.
 * infra/pi-script.ts puts this in front of model-key.mjs.
 */
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";

/** The first answer after a start takes ten seconds on a fast machine; OpenClaw itself tries again when a model is busy. */
const ANSWER_MS = 240_000;

const question = (word) => `Reply with exactly this one word: ${word}`;
/** The status of a key that is not taken (RFC 9110, 15.5.2 and 15.5.4), or the providers' words for it. */
const REFUSED = /\b40[13]\b|unauthorized|(?:invalid|incorrect) api.key|authentication/i;

/** One that no error text holds by chance. */
const newWord = () => `key-${randomBytes(4).toString("hex")}`;

/**
 * Asks a model with a key that OpenClaw's gateway knows nothing of: a provider that refuses an inline key is left alone by
 * the gateway for minutes, whatever key it then has (src/agents/auth-profiles/usage-state.ts there).
 * @returns `works`; else its `words`, and whether they tell that the key was `refused`
 */
function tryAside(openclaw, config, provider, model, key) {
  // In memory where there is such a folder: openclaw-install.sh names it whether it is there or not.
  const { XDG_RUNTIME_DIR: inMemory = "" } = process.env;
  const folder = mkdtempSync(join(existsSync(inMemory) ? inMemory : tmpdir(), "openclaw-key-"));
  try {
    const file = join(folder, "openclaw.json");
    const own = { ...at(config, [...PROVIDERS, provider]), apiKey: key, auth: "api-key" };
    const aside = {
      gateway: { mode: "local" },
      ...(config.env && { env: config.env }),
      ...(config.secrets && { secrets: config.secrets }),
      models: { providers: { [provider]: own } },
      agents: { defaults: { model: { primary: model } } },
    };
    writeFileSync(file, JSON.stringify(aside), { mode: 0o600 });
    const word = newWord();
    const environment = {
      OPENCLAW_STATE_DIR: folder,
      OPENCLAW_CONFIG_PATH: file,
      OPENCLAW_PROFILE: undefined,
      OPENCLAW_HOME: undefined,
    };
    const args = ["infer", "model", "run", "--local", "--model", model, "--prompt", question(word), "--json"];
    const { ok, words } = openclaw.run(args, undefined, { environment, timeoutMs: ANSWER_MS });
    if (ok && words.includes(word)) return { works: true };
    const told = words.replaceAll(key, "[key]");
    const reason = /Reason: (.*)/.exec(told)?.[1] ?? told.trim().split("\n").slice(-3).join(" ");
    return { works: false, refused: REFUSED.test(reason), words: reason };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * A chat with one model through OpenClaw's gateway, as a program on this machine asks for it.
 * @returns nothing where the model has answered, else what came instead
 */
async function chatProblem(port, headers, model, key) {
  const word = newWord();
  try {
    const response = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
      method: "POST",
      headers: { ...headers, "content-type": "application/json", "x-openclaw-model": model },
      body: JSON.stringify({ model: "openclaw", messages: [{ role: "user", content: question(word) }] }),
      signal: AbortSignal.timeout(ANSWER_MS),
    });
    const text = await response.text();
    if (response.status === 200 && text.includes(word)) return undefined;
    return `${response.status}: ${text.replaceAll(key, "[key]").slice(0, 400)}`;
  } catch (error) {
    return error.cause?.code ?? error.name;
  }
}

export { chatProblem, tryAside };
