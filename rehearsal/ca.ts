import "reflect-metadata"; // @peculiar/x509 resolves its parts through tsyringe, which needs this first
import { webcrypto } from "node:crypto";
import * as x509 from "@peculiar/x509";

x509.cryptoProvider.set(webcrypto as unknown as Crypto);

const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" } as const;
/** Of all certificates here: they come into force an hour before they are made. */
export const validity = () => ({
  notBefore: new Date(Date.now() - 60 * 60 * 1000),
  notAfter: new Date(Date.now() + 30 * 24 * 60 * 60 * 1000),
});

/** A key with the certificate for it, both PEM. */
export interface ServerCertificate {
  readonly key: string;
  readonly cert: string;
}

/** The rehearsal's certificate authority: made anew for each rehearsal, trusted by nothing but its parts. */
export interface CertificateAuthority {
  /** PEM, for `curl --cacert` and the rehearsed host's trust store. */
  readonly certificate: string;
  /** A server certificate for these DNS names (a leading `*.` is allowed). */
  issue(hostnames: readonly string[]): Promise<ServerCertificate>;
}

/** Makes a new authority with a key that never leaves this process. */
export async function createCertificateAuthority(): Promise<CertificateAuthority> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=openclaw-gateway rehearsal",
    ...validity(),
    signingAlgorithm: algorithm,
    keys: keys as CryptoKeyPair,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey as CryptoKey),
    ],
  });
  return {
    certificate: root.toString("pem"),
    issue: (hostnames) => issue(root, keys.privateKey as CryptoKey, hostnames),
  };
}

async function issue(
  root: x509.X509Certificate,
  signingKey: CryptoKey,
  hostnames: readonly string[],
): Promise<ServerCertificate> {
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.create({
    subject: `CN=${hostnames[0]}`,
    issuer: root.subject,
    ...validity(),
    signingAlgorithm: algorithm,
    publicKey: keys.publicKey as CryptoKey,
    signingKey,
    extensions: [
      new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth]),
      new x509.SubjectAlternativeNameExtension(hostnames.map((value) => ({ type: "dns" as const, value }))),
      await x509.AuthorityKeyIdentifierExtension.create(root),
    ],
  });
  const key = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
  return { key: x509.PemConverter.encode(key, "PRIVATE KEY"), cert: certificate.toString("pem") };
}
