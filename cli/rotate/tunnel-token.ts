import { randomBytes } from "node:crypto";
import { actOnCloudflare, readCloudflare } from "../../infra/cloudflare-api.ts";
import { piScript } from "../../infra/pi-script.ts";
import { Refusal } from "../../infra/refusal.ts";
import { runOverSsh } from "../../infra/ssh.ts";
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
    if (!(await isRefusedFromPi(scene, kept)))
      throw stillAccepted(scene, title, "a connector on the Pi was let in");
  },
};

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

export function refuseWithoutPi({ config, stack }: Scene): void {
  if (config.pi.abandoned)
    throw new Refusal(
      "ROTATION_NOT_POSSIBLE",
      "the stack's Pi is abandoned, and the new token could not be brought to it",
      `npx pulumi config rm --path pi.abandoned --stack ${stack.name}, once it is back`,
    );
}
