import { actOnCloudflare } from "../../infra/cloudflare-api.ts";
import { own } from "./change-config.ts";
import type { Credentials } from "./gateway.ts";
import { type Kind, requireRefused, requireTaken } from "./kind.ts";
import { timeOf } from "./record.ts";
import { readState, resourceIn, type Scene } from "./scene.ts";

/** Answered by the Worker itself, to every role. */
const path = "/ready";

/**
 * A service token's secret, by Cloudflare's own rotation: the id stays, and the secret before is good until a time that
 * may be moved at any point (https://developers.cloudflare.com/cloudflare-one/access-controls/service-credentials/service-tokens/).
 */
export function serviceToken(name: string): Kind {
  const title = `the secret of the service token ${name}`;
  const withSecret = (scene: Scene, clientSecret?: string): Credentials => {
    const built = scene.outputs.serviceTokens?.[name] ?? { clientId: "", clientSecret: "" };
    const { current } = scene.config.apiKeys;
    return { ...built, ...(clientSecret !== undefined && { clientSecret }), apiKey: current };
  };
  const changed = ({ config }: Scene, until: string, raise: number) => [
    {
      key: own("serviceTokens"),
      value: config.serviceTokens.map((token) =>
        token.name === name
          ? { ...token, secretVersion: token.secretVersion + raise, previousSecretExpiresAt: until }
          : token,
      ),
    },
  ];
  return {
    target: `service-token:${name}`,
    title,
    overlaps: true,
    next: `SERVICE_TOKEN=${name}; . examples/environment.sh`,
    begin: (scene, until) => ({
      changes: changed(scene, until, 1),
      kept: withSecret(scene).clientSecret,
    }),
    extend: (scene, until) => changed(scene, until, 0),
    async afterUp({ stack, config, api }) {
      const token = resourceIn(
        await readState(stack),
        "ZeroTrustAccessServiceToken",
        `${stack.name}-token-${name}`,
      );
      // A new secret does not put the token's own end off: its whole duration begins anew.
      if (token?.id)
        await actOnCloudflare(
          "POST",
          `/accounts/${config.accountId}/access/service_tokens/${token.id}/refresh`,
          api,
        );
    },
    proveNew: (scene, around) =>
      requireTaken(
        scene,
        around,
        { title, path, credentials: withSecret(scene) },
        (answer) => answer.byWorker,
      ),
    end: (scene, { now }) => {
      const until = scene.config.serviceTokens.find((token) => token.name === name)?.previousSecretExpiresAt;
      const isOver = until === undefined || Date.parse(until) <= now().getTime();
      return isOver ? [] : changed(scene, timeOf(now()), 0);
    },
    proveOldRefused: (scene, around, kept) =>
      // By Access: the Worker never sees the request.
      requireRefused(
        scene,
        around,
        { title, path, credentials: withSecret(scene, kept) },
        ({ status, byWorker }) => !byWorker && [302, 401, 403].includes(status),
      ),
  };
}
