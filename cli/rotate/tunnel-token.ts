import { randomBytes } from "node:crypto";
import { actOnCloudflare, readCloudflare } from "../../infra/cloudflare-api.ts";
import { connectorOnPi } from "../../infra/connectors.ts";
import { piScript } from "../../infra/pi-script.ts";
import { Refusal } from "../../infra/refusal.ts";
import { runOverSsh } from "../../infra/ssh.ts";
import { own } from "./change-config.ts";
import { askUntil } from "./gateway.ts";
import { type Kind, notNew, requireTaken, stillAccepted, unprovenMend } from "./kind.ts";
import { noWayIn, type Scene, type Surroundings, wayIn } from "./scene.ts";

const title = "the tunnel's token";

/**
 * What the connector on the Pi signs in with. Cloudflare takes the new secret at once and refuses the old one for new
 * connections, while connectors that are connected stay so until their connections are ended
 * (https://developers.cloudflare.com/cloudflare-one/networks/connectors/cloudflare-tunnel/reference/tunnel-tokens/).
 */
export const tunnelToken: Kind = {
  target: "tunnel-token",
  title,
  overlaps: false,
  async begin(scene) {
    refuseReused(scene);
    refuseWithoutPi(scene);
    return {
      changes: [{ path: own("tunnel.secret"), secret: randomBytes(32).toString("base64") }],
      kept: await tokenOf(scene),
    };
  },
  /** All of them: whoever holds the old token is cut off and cannot come back; the Pi's connector comes back by itself. */
  afterUp: (scene) => actOnCloudflare("DELETE", tunnelPath(scene, "/connections"), scene.api),
  async notNew(scene, kept) {
    if ((await tokenOf(scene)) !== kept) return undefined;
    return notNew(
      `a new one was asked for of ${title}, and Cloudflare gives the same one out as before, which is good still`,
      `make another one: npm run rotate -- --stack ${scene.stack.name} tunnel-token`,
    );
  },
  async proveNew(scene, around) {
    const credentials = wayIn(scene);
    if (!credentials) return seenConnected(scene, around);
    await requireTaken(scene, around, { title, path: "/ready", credentials }, ({ status }) => status === 200);
    return undefined;
  },
  async proveOldRefused(scene, _around, kept) {
    if (!(await isRefusedFromPi(scene, kept)))
      throw stillAccepted(scene, title, "a connector on the Pi was let in");
    return undefined;
  },
};

/**
 * What shows the new token without a request: the connector on the Pi, which the up has started with it under a new id,
 * is connected at Cloudflare after all connections were ended.
 */
async function seenConnected(scene: Scene, around: Surroundings): Promise<string> {
  const { config, stack } = scene;
  const look = async () => {
    const id = await connectorOnPi(config.pi, stack.name);
    const listed = await readCloudflare<{ id: string; conns?: unknown[] | null }[] | null>(
      tunnelPath(scene, "/connections"),
      scene.api,
    );
    return { id, isConnected: (listed ?? []).some((one) => one.id === id && one.conns?.length) };
  };
  const { id, isConnected } = await askUntil(look, (seen) => seen.isConnected, {
    withinMs: around.patienceMs,
    signal: around.signal,
  });
  if (isConnected)
    return `the Pi's connector ${id} is connected at Cloudflare with the new one; no request was made through it: ${noWayIn}`;
  throw new Refusal(
    "ROTATION_UNPROVEN",
    `with ${title} the new one, ${id === undefined ? "no connector runs on the Pi" : `the Pi's connector ${id} is not connected at Cloudflare`}`,
    ...unprovenMend(scene),
  );
}

/** A connector with the old token, run for a moment on the Pi, which has cloudflared and a way to Cloudflare. */
async function isRefusedFromPi({ config: { pi }, stack }: Scene, oldToken: string): Promise<boolean> {
  const script = piScript("tunnel-token", { asRoot: false });
  const stdin = script.stdin({ old_token: oldToken });
  const { code, stdout, stderr } = await runOverSsh(pi, script.command("create"), stdin);
  if (code === 0)
    return (JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { refused: boolean }).refused;
  throw new Refusal(
    "ROTATION_UNPROVEN",
    `whether the old token is refused could not be tried on the Pi: ${stderr.trim() || `it ended with ${code}`}`,
    `try again: npm run rotate -- --stack ${stack.name} --finish`,
  );
}

const tunnelPath = ({ config, outputs }: Scene, rest: string): string =>
  `/accounts/${config.accountId}/cfd_tunnel/${outputs.tunnelId}${rest}`;

const tokenOf = (scene: Scene): Promise<string> =>
  readCloudflare<string>(tunnelPath(scene, "/token"), scene.api);

/** @throws Refusal where the tunnel was there before the stack: nothing of it is changed, nor is its token read */
function refuseReused({ config }: Scene): void {
  if (config.tunnel.id)
    throw new Refusal(
      "ROTATION_NOT_POSSIBLE",
      `the stack reuses the tunnel ${config.tunnel.id}, and changes nothing of what it reuses: its token is its owner's`,
      "replace it where the tunnel was made (Cloudflare dashboard, Networks, Tunnels, this tunnel), then start its connector anew with the new one",
    );
}

export function refuseWithoutPi({ config, stack }: Scene): void {
  if (config.pi.abandoned)
    throw new Refusal(
      "ROTATION_NOT_POSSIBLE",
      "the stack's Pi is abandoned, and the new token could not be brought to it",
      `npx pulumi config rm --path pi.abandoned --stack ${stack.name}, once it is back`,
    );
}
