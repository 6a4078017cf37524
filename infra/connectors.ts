import { type Connector, connected, type ListedConnector } from "../contract/connectors.ts";
import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import type { PiConfig } from "./config.ts";
import { piScript } from "./pi-script.ts";
import { runOverSsh } from "./ssh.ts";

/** The connector that a stack's own Pi runs, as far as it is known. */
export interface ExpectedConnector {
  /** `connectorId` of cloudflared's /ready on the Pi, a new one after each restart; null where it runs none. */
  readonly id?: string | null;
  /** The public address that the Pi's network has. */
  readonly originIp?: string;
}

/** Something about a tunnel's connectors that is not as expected. */
export interface ConnectorFinding extends Connector {
  readonly kind: "other-connector" | "other-address" | "several-connectors";
}

/**
 * Compares a tunnel's connectors with the Pi's own. Whoever has stolen the tunnel's token can run a connector of the
 * same tunnel anywhere: Cloudflare then sends it a share of the requests, gateway tokens included.
 *
 * @param expected with neither id nor address, more than one connector is all that can be noticed
 * @param api whose token may read the tunnel
 * @returns nothing when all is as expected, or the tunnel has no connector
 * @throws CloudflareApiError when Cloudflare cannot be asked
 */
export async function unexpectedConnectors(
  accountId: string,
  tunnelId: string,
  expected: ExpectedConnector,
  api: CloudflareApi,
): Promise<ConnectorFinding[]> {
  const connectors = connected(
    await readCloudflare<ListedConnector[] | null>(
      `/accounts/${accountId}/cfd_tunnel/${tunnelId}/connections`,
      api,
    ),
  );
  return connectors.flatMap((connector): ConnectorFinding[] => {
    if (expected.id !== undefined && connector.connectorId !== expected.id)
      return [{ kind: "other-connector", ...connector }];
    if (expected.originIp !== undefined && connector.originIps.some((ip) => ip !== expected.originIp))
      return [{ kind: "other-address", ...connector }];
    const alone = expected.id !== undefined || connectors.length === 1;
    return alone ? [] : [{ kind: "several-connectors", ...connector }];
  });
}

/** The connector takes a moment to answer, and a Pi that is away is not waited for. */
const commandTimeoutMs = 20_000;
const connectWithinMs = 8_000;

/**
 * Asks the Pi for the id of the stack's connector there.
 *
 * @returns nothing where the connector does not run
 * @throws PiUnreachable
 */
export async function connectorOnPi(pi: PiConfig, stack: string): Promise<string | undefined> {
  const script = piScript("connector-id", { asRoot: false });
  const { stdout } = await runOverSsh(
    pi,
    script.command("create"),
    script.stdin({ stack }),
    commandTimeoutMs,
    connectWithinMs,
  );
  // A login shell whose .bashrc prints something says that first.
  return (JSON.parse(stdout.trimEnd().split("\n").at(-1) || "{}") as { connectorId?: string }).connectorId;
}
