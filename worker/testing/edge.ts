import { once } from "node:events";
import { request } from "node:http";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { createCertificateAuthority } from "../../rehearsal/ca.ts";
import { CLIENT_ADDRESS, ORIGIN, type TestGateway } from "./gateway.ts";

/** TLS and a signed-in session in front of the test's gateway, for a real browser. */
export interface TestEdge {
  readonly port: number;
  /** Ends the session: Access answers as it does for one that has expired. */
  signOut(): void;
  /** @param email ada's, unless another is named */
  signIn(email?: string): void;
  close(): Promise<void>;
}

export async function startEdge(gateway: TestGateway): Promise<TestEdge> {
  let person: string | undefined = "ada@example.com";
  const authority = await createCertificateAuthority();
  const server = createServer(
    await authority.issue([new URL(ORIGIN).hostname]),
    async (incoming, outgoing) => {
      // https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/ (AJAX)
      if (person === undefined) {
        const script = incoming.headers["x-requested-with"] === "XMLHttpRequest";
        outgoing.writeHead(script ? 401 : 302, { location: "https://team.cloudflareaccess.com/" }).end();
        return;
      }
      const headers = {
        ...incoming.headers,
        "mf-original-url": `${ORIGIN}${incoming.url}`,
        "cf-connecting-ip": CLIENT_ADDRESS,
        "cf-access-jwt-assertion": await gateway.team.person({ email: person }),
      };
      const onward = request(new URL(incoming.url ?? "/", gateway.url), { method: incoming.method, headers });
      onward.on("response", (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onward.on("error", () => outgoing.destroy());
      // A reset, because workerd notices a mere FIN only when it writes again. Never a connection that is done:
      // it may already carry another request.
      outgoing.on("close", () => {
        if (!outgoing.writableFinished) onward.socket?.resetAndDestroy();
      });
      incoming.pipe(onward);
    },
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    signOut() {
      person = undefined;
    },
    signIn(email = "ada@example.com") {
      person = email;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
