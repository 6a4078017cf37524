import { z } from "zod";
import { hasSomebody, letIn, somebodyWanted } from "./config-access.ts";
import { exclude, isId, require } from "./config-access-rules.ts";

/** What a group or a login method is called in the dashboard, in other stacks' configs and on the login page. */
const name = z
  .string()
  .regex(/^[\p{L}\p{N}]([\p{L}\p{N} ._-]{0,48}[\p{L}\p{N}])?$/u, "letters, digits, spaces, dots and dashes")
  .refine((text) => !isId(text), "a name that is no id");

const distinct = (list: readonly { readonly name: string }[]): boolean =>
  new Set(list.map((one) => one.name)).size === list.length;

/** What a login method of each type must have, and nothing else of this kind; the one-time PIN has nothing. */
export const NEEDED_BY_LOGIN = {
  onetimepin: [],
  google: ["clientId", "clientSecret"],
  github: ["clientId", "clientSecret"],
  "google-apps": ["clientId", "clientSecret", "appsDomain"],
  azureAD: ["clientId", "clientSecret", "directoryId"],
  oidc: ["clientId", "clientSecret", "authUrl", "tokenUrl", "certsUrl"],
} as const satisfies Record<string, readonly string[]>;

const TYPES = Object.keys(NEEDED_BY_LOGIN) as (keyof typeof NEEDED_BY_LOGIN)[];
const settings = ["clientId", "clientSecret", "appsDomain", "directoryId", "authUrl", "tokenUrl", "certsUrl"];

const clientOf = (example: string) => z.string().trim().min(1, example);
const endpoint = (what: string, example: string) =>
  z
    .url({ protocol: /^https$/, error: "an address that begins with https://" })
    .optional()
    .meta({ description: `Where ${what} is: oidc alone.`, example });

const loginMethod = z
  .strictObject({
    name: name.meta({
      description: "What it is called on the login page, and what gateways' stacks name it by.",
      example: "GitHub",
    }),
    type: z.enum(TYPES, { error: `one of ${TYPES.join(", ")}` }).meta({
      description:
        "onetimepin (a code by email; an account can have one), google, github, google-apps (Google Workspace), azureAD (Entra ID) or oidc.",
      example: "github",
    }),
    clientId: clientOf("the client id that the login service shows").optional().meta({
      description:
        "The client id that the login service gives. It asks for a redirect URL: https://TEAM.cloudflareaccess.com/cdn-cgi/access/callback. Not for onetimepin.",
      example: "0123456789abcdef",
    }),
    clientSecret: clientOf("the client secret that the login service shows once").optional().meta({
      description: "The client secret that the login service gives. Not for onetimepin.",
      example: "< secret.txt",
      secret: true,
    }),
    appsDomain: z
      .string()
      .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain such as example.com")
      .optional()
      .meta({ description: "The Workspace's domain: google-apps alone.", example: "example.com" }),
    directoryId: z.guid("the directory's (tenant's) id").optional().meta({
      description: "The directory (tenant) id: azureAD alone.",
      example: "f174e90a-fafe-4643-bbbc-4a0ed4fc8415",
    }),
    authUrl: endpoint("people log in", "https://login.example.com/authorize"),
    tokenUrl: endpoint("Access fetches tokens", "--plaintext https://login.example.com/token"),
    certsUrl: endpoint("the keys that sign tokens are", "https://login.example.com/keys"),
    scopes: z
      .array(z.string().regex(/^[\x21-\x7e]+$/, "a scope such as email"))
      .default(["openid", "email", "profile"])
      .meta({ description: "What Access asks to be told of people: oidc alone.", example: "openid" }),
  })
  .superRefine((method, context) => {
    const needed: readonly string[] = NEEDED_BY_LOGIN[method.type];
    for (const key of settings) {
      const isSet = method[key as keyof typeof method] !== undefined;
      if (needed.includes(key) !== isSet)
        context.addIssue({
          code: "custom",
          path: [key],
          message: isSet ? `no such key with type ${method.type}` : `set, for type ${method.type}`,
        });
    }
  });

const group = z
  .strictObject({
    name: name.meta({ description: "What gateways' stacks name the group by.", example: "household" }),
    ...letIn,
    require,
    exclude,
  })
  .refine(hasSomebody, { path: ["emails", 0], message: somebodyWanted("the group's ") });

/** Whether a group is in itself, by way of others of the list. */
function isCircular(groups: readonly z.infer<typeof group>[]): boolean {
  const inner = new Map(
    groups.map((one) => [one.name, [...one.groups, ...one.require.groups, ...one.exclude.groups]]),
  );
  const reaches = (from: string, to: string, seen: ReadonlySet<string> = new Set()): boolean =>
    !seen.has(from) &&
    (inner.get(from) ?? []).some((next) => next === to || reaches(next, to, new Set([...seen, from])));
  return groups.some((one) => reaches(one.name, one.name));
}

export const groups = z
  .array(group)
  .default([])
  .refine(distinct, "groups with different names")
  .refine((list) => !isCircular(list), "groups none of which is in itself")
  .meta({
    description:
      "Access groups that any gateway's stack of the account may name, in access.groups and in access.require and access.exclude. What people are in them is said as below access.",
  });

export const loginMethods = z
  .array(loginMethod)
  .default([])
  .refine(distinct, "login methods with different names")
  .refine((list) => list.filter(({ type }) => type === "onetimepin").length <= 1, "onetimepin once")
  .meta({
    description:
      "Login methods of the account, which all its gateways' login pages offer where access.loginMethods does not name the only ones.",
  });
