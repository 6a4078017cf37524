import { readCloudflare } from "../../infra/cloudflare-api.ts";
import { modelKeysIn } from "./model-key.ts";
import { modelKey } from "./new-key.ts";
import { resourceIn, type Scene, type StateResource } from "./scene.ts";
import { targetsOf } from "./targets.ts";

/** How old one secret of a stack is, and whether it is to be replaced. */
export interface Age {
  readonly stack: string;
  readonly target: string;
  /** When it was made, as far as the stack knows: it may be older than that, never younger. */
  readonly since?: string;
  readonly days?: number;
  readonly maxDays: number;
  /** When it ends by itself. */
  readonly expiresAt?: string;
  readonly due: boolean;
  /** Why, or how it stands. */
  readonly words: string;
}

const dayMs = 24 * 3_600_000;

/** What the account says of service tokens: their ends. */
interface TokenThere {
  readonly id: string;
  readonly expires_at?: string;
}

/** @param state the stack's resources, whose times are the ages of what was never rotated */
export async function agesOf(
  scene: Pick<Scene, "stack" | "record" | "config" | "api">,
  state: readonly StateResource[],
  now: Date,
): Promise<Age[]> {
  const { stack, config, api } = scene;
  const tokens = await readCloudflare<TokenThere[]>(
    `/accounts/${config.accountId}/access/service_tokens?per_page=1000`,
    api,
  );
  return [...targetsOf(config), ...modelKeysIn(scene.record)].map((target) => {
    const [kind = "", name = ""] = target.split(":");
    const resource = resourceOf(state, stack.name, kind, name);
    const expiresAt = tokens.find(({ id }) => kind === "service-token" && id === resource?.id)?.expires_at;
    return judge(
      scene,
      target,
      { maxDays: maxDaysOf(scene, kind), since: resource?.created, expiresAt },
      now,
    );
  });
}

interface Known {
  readonly maxDays: number;
  readonly since: string | undefined;
  readonly expiresAt: string | undefined;
}

/** The age of one secret by the policy of the config. */
export function judge(
  scene: Pick<Scene, "stack" | "record" | "config">,
  target: string,
  known: Known,
  now: Date,
): Age {
  const { record, config } = scene;
  const since = record.rotated[target] ?? known.since;
  const days = since === undefined ? undefined : Math.floor((now.getTime() - Date.parse(since)) / dayMs);
  const { maxDays, expiresAt } = known;
  const pending = record.pending[target];
  const isOld = days !== undefined && days >= maxDays;
  const left =
    expiresAt === undefined ? undefined : Math.floor((Date.parse(expiresAt) - now.getTime()) / dayMs);
  const expires = left !== undefined && left < config.rotation.expiresWithinDays;
  const isBegun = pending?.phase === "building" || pending?.phase === "lost";
  const isOver =
    pending?.phase === "ending" ||
    (pending?.phase === "overlap" && Date.parse(pending.until) <= now.getTime());
  const words = [
    isBegun && "was begun and not finished",
    pending !== undefined &&
      !isBegun &&
      (isOver ? "the old one is to be ended: --finish" : `the old one is good until ${pending.until}`),
    isOld && `older than ${maxDays} days`,
    left !== undefined && expires && (left < 0 ? "has expired" : `expires in ${left} days`),
  ].filter((text) => typeof text === "string");
  return {
    stack: scene.stack.name,
    target,
    ...(since !== undefined && { since }),
    ...(days !== undefined && { days }),
    maxDays,
    ...(expiresAt !== undefined && { expiresAt }),
    due: isOld || expires || isOver || isBegun,
    words: words.join("; "),
  };
}

function maxDaysOf({ config }: Pick<Scene, "config">, kind: string): number {
  const { serviceTokens, apiKey, tunnelToken, gatewayToken, modelKeys } = config.rotation.maxAgeDays;
  const days: { readonly [kind: string]: number } = {
    "service-token": serviceTokens,
    "api-key": apiKey,
    "tunnel-token": tunnelToken,
    [modelKey]: modelKeys,
  };
  return days[kind] ?? gatewayToken;
}

/** What was made with the secret; of the API key and OpenClaw's token only what has first used it. */
function resourceOf(state: readonly StateResource[], stack: string, kind: string, name: string) {
  if (kind === "service-token")
    return resourceIn(state, "ZeroTrustAccessServiceToken", `${stack}-token-${name}`);
  if (kind === "tunnel-token") return resourceIn(state, "ZeroTrustTunnelCloudflared", `${stack}-tunnel`);
  if (kind === "api-key") return resourceIn(state, "WorkersScript", `${stack}-script`);
  if (kind === modelKey) return undefined; // of nobody's making here
  return resourceIn(state, "Command", `${stack}-openclaw`);
}
