import { actOnCloudflare } from "../../infra/cloudflare-api.ts";
import { own } from "./change-config.ts";
import type { Credentials } from "./gateway.ts";
import { type Kind, notNew, requireRefused, requireTaken } from "./kind.ts";
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
  const target = `service-token:${name}`;
  const builtSecret = ({ outputs }: Scene) => outputs.serviceTokens?.[name]?.clientSecret;
  const withSecret = ({ outputs, config }: Scene, clientSecret = ""): Credentials => ({
    clientId: outputs.serviceTokens?.[name]?.clientId ?? "",
    clientSecret,
    apiKey: config.apiKeys.current,
  });
  const endOf = ({ config }: Scene) =>
    config.serviceTokens.find((token) => token.name === name)?.previousSecretExpiresAt;
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
    target,
    title,
    overlaps: true,
    next: `SERVICE_TOKEN=${name}; . examples/environment.sh`,
    begin: (scene, until) => ({ changes: changed(scene, until, 1), kept: builtSecret(scene) }),
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
    notNew(scene, kept) {
      const built = builtSecret(scene);
      if (built !== undefined && built !== kept) return undefined;
      const has = built === undefined ? "the stack has none" : "the stack has the old one still";
      return notNew(
        `a new one was asked for of ${title}, and ${has}: Cloudflare tells a secret once, and its answer was most likely lost. Programs that have the old one are let in until ${endOf(scene)}`,
        `make another one: npm run rotate -- --stack ${scene.stack.name} ${target} --overlap 0`,
        "the old one is refused from then on: Cloudflare keeps one secret beside the newest, and that is the lost one",
      );
    },
    async proveNew(scene, around) {
      const credentials = withSecret(scene, builtSecret(scene));
      await requireTaken(scene, around, { title, path, credentials }, (answer) => answer.byWorker);
      return undefined;
    },
    end: (scene, { now }) => {
      const until = endOf(scene);
      const isOver = until === undefined || Date.parse(until) <= now().getTime();
      return isOver ? [] : changed(scene, timeOf(now()), 0);
    },
    async proveOldRefused(scene, around, kept) {
      // By Access: the Worker never sees the request.
      await requireRefused(
        scene,
        around,
        { title, path, credentials: withSecret(scene, kept) },
        ({ status, byWorker }) => !byWorker && [302, 401, 403].includes(status),
      );
      return undefined;
    },
  };
}
