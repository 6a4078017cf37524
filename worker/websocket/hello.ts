import { keyOf } from "../body/session.ts";
import type { Gateway } from "../config.ts";
import type { Identity } from "../identity/auth.ts";
import { asksFreely, methodsOf } from "./methods.ts";

/** Looks at what OpenClaw sends, until its hello has gone through. */
export type Greeting = (data: string | ArrayBuffer) => string | ArrayBuffer;

interface Hello {
  readonly features?: { readonly methods?: readonly string[] };
  readonly snapshot?: { readonly sessionDefaults?: SessionDefaults };
}

interface SessionDefaults {
  readonly mainKey?: string;
  readonly mainSessionKey?: string;
}

/**
 * Changes OpenClaw's hello for who may not ask for everything: its page offers what the role may do, and opens on a
 * conversation of one's own. Without that everybody's page opens on the one main conversation, the owner's.
 * https://docs.openclaw.ai/gateway/protocol
 */
export async function greetingFor(identity: Identity, gateway: Gateway): Promise<Greeting | undefined> {
  if (asksFreely(identity.role)) return undefined;
  const methods = methodsOf(identity.role);
  const mainKey = await keyOf(identity);
  const agent = gateway.roles.agents[identity.role]?.find((name) => name !== "default");
  let greeted = false;
  return (data) => {
    const frame = greeted || typeof data !== "string" ? undefined : helloIn(data);
    if (!frame) return data;
    greeted = true;
    const { features, snapshot, ...rest } = frame.payload;
    const payload = {
      ...rest,
      features: { ...features, methods: features?.methods?.filter((method) => methods.has(method)) },
      snapshot: { ...snapshot, sessionDefaults: defaultsOf(snapshot?.sessionDefaults, mainKey, agent) },
    };
    return JSON.stringify({ ...frame, payload });
  };
}

/** `agent:main:main` becomes `agent:main:KEY`, of the role's own agent where it has one. */
function defaultsOf(defaults: SessionDefaults = {}, mainKey: string, agent: string | undefined): object {
  const [, openclaws = "main"] = (defaults.mainSessionKey ?? "").split(":");
  const mainSessionKey = `agent:${agent ?? openclaws}:${mainKey}`;
  return { ...defaults, mainKey, mainSessionKey, ...(agent && { defaultAgentId: agent }) };
}

function helloIn(text: string): { readonly payload: Hello } | undefined {
  if (!text.includes('"hello-ok"')) return undefined;
  const frame = JSON.parse(text) as { type?: unknown; payload?: Hello & { type?: unknown } };
  return frame.type === "res" && frame.payload?.type === "hello-ok"
    ? { ...frame, payload: frame.payload }
    : undefined;
}
