import { type Identity, subjectOf } from "../identity/auth.ts";

/** Of each identity, since it is asked for with every run; people come and go. */
const keys = new Map<string, string>();
const MAX_KEYS = 1000;

/**
 * What OpenClaw is told as `user`, from which it makes the key of a session (a transcript, kept on the Pi). The client's
 * own `user` names a session among the identity's own and no other's; without one each request has a session to itself,
 * as OpenAI's API promises.
 *
 * Not `x-openclaw-session-key`: that one would have to name the agent too, which only OpenClaw knows where its default
 * one is asked for.
 * @returns letters, digits and hyphens alone, so that it can be taken for no part of a key (`agent:main:cron:…`)
 */
export async function sessionOf(identity: Identity, user: unknown): Promise<string> {
  const own = await keyOf(identity);
  const named = typeof user === "string" && user.trim() !== "";
  const session = named ? await hash(`${subjectOf(identity)}\n${user.trim()}`) : crypto.randomUUID();
  return `${own}-${session}`;
}

/** What the keys of an identity's sessions begin with. */
export async function keyOf(identity: Identity): Promise<string> {
  const subject = subjectOf(identity);
  let key = keys.get(subject);
  if (!key) {
    key = await hash(subject);
    if (keys.size >= MAX_KEYS) keys.clear();
    keys.set(subject, key);
  }
  return `${identity.kind}-${key}`;
}

/** 128 bits of SHA-256 in hex: nobody finds two names with the same. */
async function hash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(digest, 0, 16).toHex();
}
