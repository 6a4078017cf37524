import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";

/** What a person's token holds; a test changes what it is about. `undefined` takes a claim away. */
export type Claims = Record<string, unknown>;

export const TEAM_DOMAIN = "https://team.cloudflareaccess.com";
export const AUDIENCE = "a".repeat(64);

/** An Access team of the test's own: signs tokens, and answers the certs URL. */
export interface TestTeam {
  person(claims?: Claims, header?: Claims): Promise<string>;
  service(claims?: Claims): Promise<string>;
  /** Any claims with any header, signed with the team's key. */
  sign(claims: Claims, header?: Claims): Promise<string>;
  /** Replaces the signing key, as Access does every six weeks: the one before stays good. */
  rotate(): Promise<void>;
  /** Takes away all keys but the one that signs. */
  withdrawOld(): void;
  /** How often the keys were asked for. */
  fetches(): number;
  /** What else was asked of the internet. */
  elsewhere(): readonly string[];
  /** What the certs URL answers from now on; nothing for the keys. */
  answerWith(answer?: (keys: () => Response) => Response | Promise<Response>): void;
  /** For Miniflare's `outboundService`: the internet as the Worker sees it. */
  respond(url: string): Response | Promise<Response> | undefined;
  readonly privateKey: CryptoKey;
  readonly kid: string;
}

export async function createTeam(): Promise<TestTeam> {
  let count = 0;
  const elsewhere: string[] = [];
  const elliptic = await ellipticKey();
  let generation = 0;
  let answer: Parameters<TestTeam["answerWith"]>[0];
  let signing = await newKey(generation);
  let keys = [signing.jwk];

  const sign = (claims: Claims, header: Claims = {}) =>
    new SignJWT(defined(claims))
      .setProtectedHeader({ alg: "RS256", kid: signing.kid, typ: "JWT", ...header })
      .sign(signing.privateKey);

  return {
    sign,
    person: (claims, header) =>
      sign({ ...common(), nbf: now(), email: "ada@example.com", ...claims }, header),
    service: (claims) => sign({ ...common(), sub: "", common_name: "0123.access", ...claims }),
    async rotate() {
      generation += 1;
      signing = await newKey(generation);
      keys.push(signing.jwk);
    },
    withdrawOld() {
      keys = [signing.jwk];
    },
    fetches: () => count,
    elsewhere: () => elsewhere,
    answerWith(next) {
      answer = next;
    },
    respond(url) {
      if (url !== `${TEAM_DOMAIN}/cdn-cgi/access/certs`) {
        elsewhere.push(url);
        return undefined;
      }
      count += 1;
      const answered = () => Response.json({ keys: [elliptic, ...keys] });
      return answer ? answer(answered) : answered();
    },
    get privateKey() {
      return signing.privateKey;
    },
    get kid() {
      return signing.kid;
    },
  };
}

export const now = () => Math.floor(Date.now() / 1000);

function common(): Claims {
  return { type: "app", iss: TEAM_DOMAIN, aud: [AUDIENCE], iat: now(), exp: now() + 3600, sub: "person-1" };
}

function defined(claims: Claims): JWTPayload {
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
}

async function newKey(generation: number) {
  const { privateKey, publicKey } = await generateKeyPair("RS256", { extractable: true });
  const kid = `key-${generation}`;
  return { kid, privateKey, jwk: { ...(await exportJWK(publicKey)), kid, alg: "RS256", use: "sig" } };
}

/** A key that no token of Access is signed with; it says nothing of what it is for. */
async function ellipticKey() {
  const { publicKey } = await generateKeyPair("ES256", { extractable: true });
  return { ...(await exportJWK(publicKey)), kid: "elliptic" };
}
