import { CloudflareApiError } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import type { ErrorCode } from "./error-codes.ts";
import { gather } from "./gather.ts";
import { Refusal } from "./refusal.ts";
import { type Named, thoseThereAre } from "./those-there-are.ts";

type People = GatewayConfig["access"];

/** What an id of `access` can stand for. */
interface Kind {
  readonly code: ErrorCode;
  readonly what: string;
  /** Where the account lists them, below `/accounts/ID`. */
  readonly list: string;
  /** Where they are in the dashboard, below the account. */
  readonly page: string;
  /** Ids by the config key that names them; of those that are used. */
  readonly named: (people: People) => Readonly<Record<string, readonly string[]>>;
}

/** Where everyone is let in, who is named besides is not in the policy. */
const unlessEveryone = ({ everyone }: People, ids: readonly string[]) => (everyone === undefined ? ids : []);

const KINDS: readonly Kind[] = [
  {
    code: "ACCESS_GROUP",
    what: "Access group",
    list: "/access/groups?per_page=1000",
    page: "access/groups",
    named: (people) => ({
      "access.groups": unlessEveryone(people, people.groups),
      "access.require.groups": people.require.groups,
      "access.exclude.groups": people.exclude.groups,
    }),
  },
  {
    code: "ACCESS_PROVIDER",
    what: "login method",
    list: "/access/identity_providers",
    page: "settings/authentication",
    named: (people) => ({
      "access.identityProviders": unlessEveryone(people, people.identityProviders),
      "access.loginMethods": people.loginMethods,
    }),
  },
  {
    code: "ACCESS_POSTURE",
    what: "device posture check",
    list: "/devices/posture?per_page=1000",
    page: "settings/devices",
    named: ({ require, exclude }) => ({
      "access.require.devicePostures": require.devicePostures,
      "access.exclude.devicePostures": exclude.devicePostures,
    }),
  },
];

/**
 * Looks whether what `access` names by id is there. What is not asked for is not read. Device posture checks are read by
 * a permission of their own, which the program can do without: then it says that it could not look.
 *
 * @param read lists what the account has below a path
 * @returns what to tell the person
 * @throws Refusal for each kind of which something is not there, with those there are
 */
export async function refuseUnknownIds(
  accountId: string,
  people: People,
  read: (path: string) => Promise<readonly Named[]>,
): Promise<string[]> {
  const notes = await gather(KINDS.map((kind) => look(kind, accountId, people, read)));
  return notes.flat();
}

async function look(
  { code, what, list, page, named }: Kind,
  accountId: string,
  people: People,
  read: (path: string) => Promise<readonly Named[]>,
): Promise<string[]> {
  const keys = Object.entries(named(people)).filter(([, ids]) => ids.length > 0);
  if (keys.length === 0) return [];
  const address = `https://one.dash.cloudflare.com/${accountId}/${page}`;
  let all: readonly Named[];
  try {
    all = await read(list);
  } catch (error) {
    if (code !== "ACCESS_POSTURE" || !(error instanceof CloudflareApiError) || error.status !== 403)
      throw error;
    const unseen = keys.map(([key]) => key).join(" and ");
    return [
      `${code}: whether the account has the ${what}s of ${unseen} was not seen: the API token lacks "Access: Device Posture: Read", which nothing else needs. They are at ${address}`,
    ];
  }
  const unknown = keys.flatMap(([key, ids]) =>
    ids.filter((id) => !all.some((one) => one.id === id)).map((id) => `${id}, which ${key} names`),
  );
  if (unknown.length === 0) return [];
  throw new Refusal(
    code,
    `the account has no ${what} ${unknown.join(", nor ")}`,
    thoseThereAre(all),
    `each has its id in the address of its page: ${address}`,
  );
}
