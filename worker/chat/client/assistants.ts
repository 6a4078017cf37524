/** One to talk to. */
export interface Assistant {
  readonly model: string;
  readonly name: string;
}

/**
 * The assistants behind the models of OpenClaw, which names its default agent three times: `openclaw`,
 * `openclaw/default` and by its own name. One agent is no choice.
 */
export function assistantsOf(models: readonly string[]): Assistant[] {
  const agents = models.filter((model) => model.startsWith("openclaw/") && model !== "openclaw/default");
  const named = agents.map((model) => ({ model, name: title(model.slice("openclaw/".length)) }));
  const [fallback] = ["openclaw/default", "openclaw"].filter((model) => models.includes(model));
  if (named.length === 1 && named[0]) return [{ ...named[0], model: fallback ?? named[0].model }];
  return [...(fallback ? [{ model: fallback, name: "Default" }] : []), ...named];
}

const title = (name: string) => name.charAt(0).toUpperCase() + name.slice(1);
