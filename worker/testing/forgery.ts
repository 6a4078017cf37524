import { createHmac, createPublicKey, sign as signBytes } from "node:crypto";
import { CompactEncrypt, exportJWK, FlattenedSign, generateKeyPair, SignJWT } from "jose";
import { AUDIENCE, type Claims, now, TEAM_DOMAIN, type TestTeam } from "./access.ts";

/** What Access would sign for a person. */
export const personClaims = (claims: Claims = {}): Claims => ({
  type: "app",
  iss: TEAM_DOMAIN,
  aud: [AUDIENCE],
  iat: now(),
  nbf: now(),
  exp: now() + 3600,
  sub: "person-1",
  email: "ada@example.com",
  ...claims,
});

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");

/** Tokens as an attacker would make them. `header` and `payload` are what a real one would hold. */
export const forgeries = {
  unsigned: (team: TestTeam, alg: string) => `${part({ alg, kid: team.kid })}.${part(personClaims())}.`,

  /** Any words in the header, and a signature of another key over them. */
  async byStranger(team: TestTeam, header: Claims): Promise<string> {
    const { privateKey, publicKey } = await generateKeyPair("RS256");
    const jwk = await exportJWK(publicKey);
    return new SignJWT(personClaims())
      .setProtectedHeader({
        alg: "RS256",
        kid: team.kid,
        ...(header.jwk === "own" ? { ...header, jwk } : header),
      })
      .sign(privateKey);
  },

  /** RFC 8725, 2.1: the verifier's public key taken for a shared secret, in each form it is published in. */
  async symmetric(team: TestTeam, alg: "HS256" | "HS512", form: "pem" | "der" | "jwk"): Promise<string> {
    const { kty, n, e } = await exportJWK(team.privateKey);
    const key = createPublicKey({ key: { kty, n, e } as never, format: "jwk" });
    const secret =
      form === "jwk"
        ? JSON.stringify({ kty, n, e })
        : form === "pem"
          ? key.export({ type: "spki", format: "pem" })
          : key.export({ type: "spki", format: "der" });
    const signed = `${part({ alg, kid: team.kid })}.${part(personClaims())}`;
    const mac = createHmac(alg === "HS256" ? "sha256" : "sha512", secret);
    return `${signed}.${mac.update(signed).digest("base64url")}`;
  },

  /** The team's own key, but used as the header says. */
  async byTeam(team: TestTeam, header: Claims, payload: unknown = personClaims()): Promise<string> {
    const protectedHeader = { alg: "RS256", kid: team.kid, ...header };
    const signed = `${part(protectedHeader)}.${typeof payload === "string" ? payload : part(payload)}`;
    const pkcs8 = Buffer.from(await crypto.subtle.exportKey("pkcs8", team.privateKey));
    const hash = protectedHeader.alg === "RS512" ? "sha512" : "sha256";
    const signature = signBytes(hash, Buffer.from(signed), { key: pkcs8, format: "der", type: "pkcs8" });
    return `${signed}.${signature.toString("base64url")}`;
  },

  /** RFC 7797: the payload as it is, outside the token's encoding. */
  async unencoded(team: TestTeam): Promise<string> {
    const payload = new TextEncoder().encode(JSON.stringify(personClaims()));
    const { protected: header, signature } = await new FlattenedSign(payload)
      .setProtectedHeader({ alg: "RS256", kid: team.kid, b64: false, crit: ["b64"] })
      .sign(team.privateKey);
    return `${header}.${Buffer.from(payload).toString("base64url")}.${signature}`;
  },

  /** Encrypted to the team's public key, which everybody has, and signed by nobody (RFC 7516). */
  async encrypted(team: TestTeam): Promise<string> {
    const { kty, n, e } = await exportJWK(team.privateKey);
    const key = createPublicKey({ key: { kty, n, e } as never, format: "jwk" });
    return new CompactEncrypt(new TextEncoder().encode(JSON.stringify(personClaims())))
      .setProtectedHeader({ alg: "RSA-OAEP-256", enc: "A256GCM", kid: team.kid, cty: "JWT" })
      .encrypt(key);
  },
};
