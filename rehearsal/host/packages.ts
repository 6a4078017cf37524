import { once } from "node:events";
import { createServer } from "node:https";
import type { CertificateAuthority } from "../ca.ts";
import { layOutArchive } from "./archive.ts";
import type { DebianPackage } from "./deb.ts";

/** The version the rehearsal's connector comes as; it answers `cloudflared --version` with the same. */
export const connectorVersion = "2026.8.2";

export interface PackageServer {
  /** Of the key that the archive is signed with; a guest trusts it as its administrator's own. */
  readonly keyFingerprint: string;
  close(): Promise<void>;
}

/**
 * Plays https://pkg.cloudflare.com on the street: the apt archive of cloudflared, signed with a key made now.
 *
 * @param address where to listen, on port 443
 * @param ca issues the certificate; the guests trust it
 * @param deb the one package that the archive has
 */
export async function servePackages({
  address,
  ca,
  deb,
}: {
  readonly address: string;
  readonly ca: CertificateAuthority;
  readonly deb: DebianPackage;
}): Promise<PackageServer> {
  const { files, keyFingerprint } = await layOutArchive(deb);
  const server = createServer(await ca.issue(["pkg.cloudflare.com"]), (request, response) => {
    const content = files.get(new URL(request.url ?? "/", "https://pkg.cloudflare.com").pathname);
    if (!content) response.writeHead(404).end();
    else response.writeHead(200, { "Content-Length": content.length }).end(content);
  });
  server.listen(443, address);
  await once(server, "listening");
  return {
    keyFingerprint,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
