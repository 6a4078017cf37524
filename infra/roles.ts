import { ROLES, type Role, type RolesVariable } from "../contract/roles.ts";
import type { GatewayConfig } from "./config.ts";
import type { ConfigProblem } from "./config-problems.ts";

const LISTS = { owner: "owners", member: "members", guest: "guests" } as const;

/** A person of the config: an address, or `@domain` for all of it, with where it stands. */
interface Login {
  readonly who: string;
  readonly key: string;
}

/**
 * Role of each person of the config, by address or `@domain`: what `roles` says; where it names nobody, everyone in
 * `access.emails` is an owner and everyone of `access.emailDomains`, whom nobody knows by name, a guest.
 */
export function peopleWithRoles({ access, roles }: GatewayConfig): Readonly<Record<string, Role>> {
  const named = ROLES.flatMap((role) => roles[LISTS[role]].map((who) => [who, role] as const));
  if (named.length > 0) return Object.fromEntries(named);
  return Object.fromEntries([
    ...access.emails.map((email) => [email.toLowerCase(), "owner"] as const),
    ...access.emailDomains.map((domain) => [`@${domain}`, "guest"] as const),
  ]);
}

/**
 * What those are whom Access lets in and no role names; nothing where the config names everybody who may log in. Whoever
 * comes in only because everyone does is a guest, whatever else is said.
 */
export const roleOfOthers = ({ access, roles }: GatewayConfig): Exclude<Role, "owner"> | undefined =>
  access.everyone === undefined ? roles.others : "guest";

/**
 * Which agents each role may talk to; a role without an entry: all. An owner's entry holds for the API and the chat page,
 * since in the Control UI owners may change OpenClaw's settings anyway.
 */
export function agentsOfRoles({ roles, webAgent }: GatewayConfig): RolesVariable["agents"] {
  const web = webAgent.enabled ? [webAgent.name] : undefined;
  const member = roles.agents.member ?? web;
  return {
    ...(web && { owner: web }),
    ...(member && { member }),
    guest: roles.agents.guest ?? web ?? ["default"],
  };
}

/**
 * Everyone who may log in has exactly one role, and everyone with a role may log in: a person who signs in only to be
 * refused, or a guest whom another line makes an owner, is a mistake that is better found before anything is built.
 */
export function roleProblems(config: GatewayConfig, namespace: string): ConfigProblem[] {
  return [
    ...withoutRole(config, namespace),
    ...inTwoLists(config, namespace),
    ...withoutLogin(config, namespace),
    ...unnamed(config, namespace),
  ];
}

function withoutRole(config: GatewayConfig, namespace: string): ConfigProblem[] {
  const people = peopleWithRoles(config);
  const members = config.roles.members.length;
  return logins(config)
    .filter(({ who }) => !Object.hasOwn(people, who) && !Object.hasOwn(people, domainOf(who)))
    .map(({ who, key }, index) => ({
      key: `${namespace}:${key}`,
      got: `"${who}" may log in and has no role`,
      wanted: "a role for everyone who may log in: roles.owners, roles.members or roles.guests",
      mend: `npx pulumi config set --path '${namespace}:roles.members[${members + index}]' '${who}'`,
    }));
}

function inTwoLists({ roles }: GatewayConfig, namespace: string): ConfigProblem[] {
  const seen = new Map<string, string>();
  return listed(roles).flatMap(({ who, key }) => {
    const before = seen.get(who);
    seen.set(who, key);
    if (before === undefined) return [];
    const problem = {
      key: `${namespace}:${key}`,
      got: `"${who}" stands in ${before} too`,
      wanted: "one role for each person",
      mend: `npx pulumi config rm --path '${namespace}:${key}'`,
    };
    return [problem];
  });
}

/** Keys by which people come in whom the config does not name. */
const unnamedBy = ({ groups, identityProviders }: GatewayConfig["access"]): string[] => [
  ...(groups.length > 0 ? ["access.groups"] : []),
  ...(identityProviders.length > 0 ? ["access.identityProviders"] : []),
];

/** What those are whom the config lets in and does not name, somebody has to have said; of everyone it is known. */
function unnamed({ access, roles }: GatewayConfig, namespace: string): ConfigProblem[] {
  const key = `${namespace}:roles.others`;
  const unset = `npx pulumi config rm --path '${key}'`;
  if (access.everyone !== undefined) {
    if (roles.others === undefined || roles.others === "guest") return [];
    const got = `"${roles.others}", and access.everyone lets in the whole internet`;
    return [{ key, got, wanted: "guest, or no such key, which is the same here", mend: unset }];
  }
  const by = unnamedBy(access);
  if (by.length > 0 && roles.others === undefined) {
    const got = `not set, and ${by.join(" and ")} let people in whom no role names`;
    return [{ key, got, wanted: "member or guest", mend: `npx pulumi config set --path '${key}' guest` }];
  }
  if (by.length === 0 && roles.others !== undefined) {
    const got = `"${roles.others}", and there is nobody it could be for`;
    return [
      {
        key,
        got,
        wanted: "no such key while access.groups and access.identityProviders are empty",
        mend: unset,
      },
    ];
  }
  return [];
}

function withoutLogin(config: GatewayConfig, namespace: string): ConfigProblem[] {
  // Who is in a group, or in a login service, is not known here: anyone may be.
  if (unnamedBy(config.access).length > 0 || config.access.everyone !== undefined) return [];
  const open = logins(config).map(({ who }) => who);
  // A domain stands for those of its people who may log in, be it each by an address.
  const mayLogIn = (who: string) =>
    open.includes(domainOf(who)) || open.some((login) => login === who || domainOf(login) === who);
  return listed(config.roles)
    .filter(({ who }) => !mayLogIn(who))
    .map(({ who, key }) => ({
      key: `${namespace}:${key}`,
      got: `"${who}" has a role and may not log in`,
      wanted: "someone of access.emails or access.emailDomains",
      mend: who.startsWith("@")
        ? `npx pulumi config set --path '${namespace}:access.emailDomains[${config.access.emailDomains.length}]' '${who.slice(1)}'`
        : `npx pulumi config set --path '${namespace}:access.emails[${config.access.emails.length}]' '${who}'`,
    }));
}

const logins = ({ access }: GatewayConfig): Login[] => [
  ...access.emails.map((email, index) => ({ who: email.toLowerCase(), key: `access.emails[${index}]` })),
  ...access.emailDomains.map((domain, index) => ({
    who: `@${domain}`,
    key: `access.emailDomains[${index}]`,
  })),
];

const listed = (roles: GatewayConfig["roles"]): Login[] =>
  Object.values(LISTS).flatMap((list) =>
    roles[list].map((who, index) => ({ who, key: `roles.${list}[${index}]` })),
  );

const domainOf = (who: string): string => who.slice(who.lastIndexOf("@"));
