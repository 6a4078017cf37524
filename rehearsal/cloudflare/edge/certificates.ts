import { createSecureContext, type SecureContext } from "node:tls";
import type { CertificateAuthority } from "../../ca.ts";
import type { Account } from "../account.ts";

/** Certificates for the names that this account has, made when they are first asked for. */
export interface EdgeCertificates {
  /** The context for a server name; undefined for a name that is not the account's, which ends the handshake. */
  contextFor(servername: string): Promise<SecureContext | undefined>;
}

export function createEdgeCertificates(ca: CertificateAuthority, account: Account): EdgeCertificates {
  const contexts = new Map<string, Promise<SecureContext>>();
  const workersDev = `*.${account.workersSubdomain}.workers.dev`;
  const certifiedName = (servername: string): string | undefined => {
    if (servername === account.teamDomain) return servername;
    if (servername.replace(/^[^.]+/, "*") === workersDev) return workersDev;
    return account.customDomains.find((domain) => domain.hostname === servername)?.hostname;
  };
  return {
    contextFor: async (servername) => {
      const name = certifiedName(servername.toLowerCase());
      if (!name) return undefined;
      const known =
        contexts.get(name) ?? ca.issue([name]).then((certificate) => createSecureContext(certificate));
      contexts.set(name, known);
      return known;
    },
  };
}
