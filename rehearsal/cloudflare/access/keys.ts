import "reflect-metadata"; // as in ../../ca.ts
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";
import { calculateJwkThumbprint, exportJWK, type JWK } from "jose";
import { timestamp } from "../identifiers.ts";

/** One signing key: its id, the private half and what the world may see of it. */
export interface SigningKey {
  readonly kid: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly jwk: JWK;
  /** PEM of a self-signed certificate, which the certs endpoint shows besides the JWK. */
  readonly certificate: string;
}

/** The team's two signing keys: the one in use and the one before it, still valid for a while. */
export interface SigningKeys {
  readonly current: SigningKey;
  readonly all: readonly SigningKey[];
  /** When the current key was made, RFC 3339. */
  readonly rotatedAt: string;
  /** Makes a new current key; the one before stays valid, older ones go. */
  rotate(): Promise<void>;
  /**
   * The body of `/cdn-cgi/access/certs`
   * (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/).
   */
  certs(): string;
}

const algorithm = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: new Uint8Array([1, 0, 1]),
} as const;

/** Two new RSA keys. */
export async function createSigningKeys(teamDomain: string): Promise<SigningKeys> {
  let [current, previous] = await Promise.all([createKey(teamDomain), createKey(teamDomain)]);
  let rotatedAt = timestamp();
  return {
    get rotatedAt() {
      return rotatedAt;
    },
    get current() {
      return current;
    },
    get all() {
      return [current, previous];
    },
    rotate: async () => {
      [current, previous] = [await createKey(teamDomain), current];
      rotatedAt = timestamp();
    },
    certs: () => {
      const certificates = [current, previous].map(({ kid, certificate }) => ({ kid, cert: certificate }));
      return JSON.stringify({
        keys: [current.jwk, previous.jwk],
        public_cert: certificates[0],
        public_certs: certificates,
      });
    },
  };
}

async function createKey(teamDomain: string): Promise<SigningKey> {
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"])) as CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${teamDomain}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + 30 * 24 * 60 * 60 * 1000),
    signingAlgorithm: algorithm,
    keys,
  });
  const { kty, e, n } = await exportJWK(keys.publicKey);
  const kid = Buffer.from(await calculateJwkThumbprint({ kty, e, n }), "base64url").toString("hex");
  return {
    kid,
    privateKey: keys.privateKey,
    publicKey: keys.publicKey,
    jwk: { kid, kty, alg: "RS256", use: "sig", e, n },
    certificate: certificate.toString("pem"),
  };
}
