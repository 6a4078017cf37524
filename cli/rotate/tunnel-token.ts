import { randomBytes } from "node:crypto";
import { actOnCloudflare, readCloudflare } from "../../infra/cloudflare-api.ts";
import { Refusal } from "../../infra/refusal.ts";
import { own } from "./change-config.ts";
import { type Kind, requireTaken, stillAccepted } from "./kind.ts";
import { credentialsOf, type Scene } from "./scene.ts";

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
    refuseWithoutPi(scene);
    return {
      changes: [{ path: own("tunnel.secret"), secret: randomBytes(32).toString("base64") }],
      kept: await tokenOf(scene),
    };
  },
  /** All of them: whoever holds the old token is cut off and cannot come back; the Pi's connector comes back by itself. */
  afterUp: (scene) => actOnCloudflare("DELETE", tunnelPath(scene, "/connections"), scene.api),
  proveNew: (scene, around) =>
    requireTaken(
      scene,
      around,
      { title, path: "/ready", credentials: credentialsOf(scene) },
      ({ status }) => status === 200,
    ),
  async proveOldRefused(scene, _around, kept) {
    if ((await tokenOf(scene)) === kept)
      throw stillAccepted(scene, title, "Cloudflare gives the same one out as before");
  },
};

const tunnelPath = ({ config, outputs }: Scene, rest: string): string =>
  `/accounts/${config.accountId}/cfd_tunnel/${outputs.tunnelId}${rest}`;

const tokenOf = (scene: Scene): Promise<string> =>
  readCloudflare<string>(tunnelPath(scene, "/token"), scene.api);

export function refuseWithoutPi({ config, stack }: Scene): void {
  if (config.pi.abandoned)
    throw new Refusal(
      "ROTATION_NOT_POSSIBLE",
      "the stack's Pi is abandoned, and the new token could not be brought to it",
      `npx pulumi config rm --path pi.abandoned --stack ${stack.name}, once it is back`,
    );
}
