import { once } from "node:events";
import { createServer } from "node:https";
import type { CertificateAuthority } from "../ca.ts";
import { layOutArchive } from "./archive.ts";
import { packConnector } from "./deb.ts";

/** The version the rehearsal's connector comes as; it answers `cloudflared --version` with the same. */
const connectorVersion = "2026.8.2";

export interface PackageServer {
  close(): Promise<void>;
}

/**
 * Plays https://pkg.cloudflare.com on the street: the apt archive of cloudflared, signed with a key made now.
 *
 * @param address where to listen, on port 443
 * @param ca issues the certificate; the guests trust it
 * @param connector path of the executable that the package installs as /usr/bin/cloudflared
 */
export async function servePackages({
  address,
  ca,
  connector,
}: {
  readonly address: string;
  readonly ca: CertificateAuthority;
  readonly connector: string;
}): Promise<PackageServer> {
  const files = await layOutArchive(await packConnector(connector, connectorVersion));
  const server = createServer(await ca.issue(["pkg.cloudflare.com"]), (request, response) => {
    const content = files.get(new URL(request.url ?? "/", "https://pkg.cloudflare.com").pathname);
    if (!content) response.writeHead(404).end();
    else response.writeHead(200, { "Content-Length": content.length }).end(content);
  });
  server.listen(443, address);
  await once(server, "listening");
  return {
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
