/** As Cloudflare's API lists the connectors of a tunnel (https://developers.cloudflare.com/api/resources/zero_trust/). */
interface Listing {
  readonly result?: readonly ListedConnector[] | null;
}

interface ListedConnector {
  readonly id: string;
  readonly conns?: readonly { readonly origin_ip?: string }[] | null;
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
    const connectors = result ?? [];
    return connectors.length > 1 ? `SEVERAL_CONNECTORS: ${connectors.map(described).join(", ")}` : undefined;
  } catch {
    return "CONNECTORS_UNREADABLE: no answer from Cloudflare";
  }
}

function described({ id, conns }: ListedConnector): string {
  const addresses = new Set((conns ?? []).flatMap(({ origin_ip }) => origin_ip ?? []));
  return `${id} from ${[...addresses].join(" and ")}`;
}
