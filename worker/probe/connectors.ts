import { type Connector, connected, type ListedConnector } from "../../contract/connectors.ts";

/** As Cloudflare's API answers. */
interface Listing {
  readonly result?: readonly ListedConnector[] | null;
}

const answerTimeoutMs = 10_000;

/**
 * Whoever has stolen a tunnel's token can run a connector of it anywhere, and is then sent a share of the requests. The
 * Pi's own is the only one there should be; which of several it is cannot be told from here, for it gets a new id at each
 * start and homes get new addresses.
 *
 * @param url where the tunnel's connectors are listed
 * @param token may read tunnels
 * @returns each connector and its addresses where there are several, or that they cannot be read; else nothing
 */
export async function strangeConnectors(
  url: string,
  token: string,
  fetch: (url: string, init: RequestInit) => Promise<Response>,
): Promise<string | undefined> {
  try {
    const answer = await fetch(url, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "manual",
      signal: AbortSignal.timeout(answerTimeoutMs),
    });
    if (!answer.ok) {
      await answer.body?.cancel();
      return `CONNECTORS_UNREADABLE: Cloudflare answered ${answer.status}`;
    }
    const { result } = (await answer.json()) as Listing;
    const connectors = connected(result);
    return connectors.length > 1 ? `SEVERAL_CONNECTORS: ${connectors.map(described).join(", ")}` : undefined;
  } catch {
    return "CONNECTORS_UNREADABLE: no answer from Cloudflare";
  }
}

const described = ({ connectorId, originIps }: Connector): string =>
  `${connectorId} from ${originIps.join(" and ")}`;
