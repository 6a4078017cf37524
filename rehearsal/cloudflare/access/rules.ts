import { BlockList, isIP } from "node:net";
import type { AccessApp, AccessPolicy, Account, Rule, RuleSet, ServiceToken } from "../account.ts";

/** Someone who signed in with an address, from a country and an IP. */
export interface Person {
  readonly email: string;
  readonly country: string;
  readonly ip: string;
  /** Id of the login method by which they proved it. */
  readonly loginMethod: string;
  /** Ids of the posture checks that their device passes; none without WARP. */
  readonly devicePostures?: readonly string[];
  /** How they proved it, by RFC 8176, such as `mfa`; a one-time PIN tells nothing. */
  readonly authMethods?: readonly string[];
}

/** Who asks: a person, a machine with a service token, or neither yet. */
export interface Identity {
  readonly person?: Person;
  readonly token?: ServiceToken;
}

/** Whether include (any), require (all) and exclude (none) hold. */
export function matchesRules(account: Account, rules: RuleSet, identity: Identity): boolean {
  const matches = (rule: Rule) => matchesRule(account, rule, identity);
  return rules.include.some(matches) && rules.require.every(matches) && !rules.exclude.some(matches);
}

/**
 * The first policy of the application that applies: Bypass and Service Auth come first, then Allow and Block, each in
 * their order (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/#order-of-execution).
 */
export function decidingPolicy(
  account: Account,
  app: AccessApp,
  identity: Identity,
  decisions: readonly AccessPolicy["decision"][],
): AccessPolicy | undefined {
  const policies = app.policyIds.flatMap((id) => account.policies.publishedOne(id) ?? []);
  const early = policies.filter(
    (policy) => policy.decision === "bypass" || policy.decision === "non_identity",
  );
  const late = policies.filter((policy) => policy.decision === "allow" || policy.decision === "deny");
  return [...early, ...late].find(
    (policy) => decisions.includes(policy.decision) && matchesRules(account, policy.rules, identity),
  );
}

function matchesRule(account: Account, rule: Rule, { person, token }: Identity): boolean {
  if (rule.everyone) return true;
  if (rule.service_token) return token?.id === rule.service_token.token_id;
  if (rule.any_valid_service_token) return token !== undefined;
  if (rule.group) {
    const group = account.groups.publishedOne(String(rule.group.id));
    return group !== undefined && matchesRules(account, group.rules, { person, token });
  }
  if (!person) return false;
  if (rule.email) return same(person.email, rule.email.email);
  if (rule.email_domain) return same(person.email.split("@").at(-1) ?? "", rule.email_domain.domain);
  if (rule.geo) return same(person.country, rule.geo.country_code);
  if (rule.ip) return inRange(person.ip, String(rule.ip.ip));
  if (rule.device_posture)
    return person.devicePostures?.includes(String(rule.device_posture.integration_uid)) ?? false;
  if (rule.auth_method) return person.authMethods?.includes(String(rule.auth_method.auth_method)) ?? false;
  if (rule.login_method) return rule.login_method.id === person.loginMethod;
  return false;
}

/**
 * Whether a session may go on from where its person is now, with the device they now have. These are looked at on each
 * request, in groups too; who someone is, at login alone: what a rule says of that is taken to be as it was
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/#selectors).
 */
export function holdsWhereItIs(account: Account, app: AccessApp, person: Person): boolean {
  const policies = app.policyIds.flatMap((id) => account.policies.publishedOne(id) ?? []);
  return policies
    .filter(({ decision }) => decision === "allow")
    .some(({ rules }) => mayHold(account, rules, person, true));
}

/** As {@link matchesRules}, where `unseen` stands for every rule about who someone is. */
function mayHold(account: Account, rules: RuleSet, person: Person, unseen: boolean): boolean {
  const holds = (rule: Rule, otherwise: boolean): boolean => {
    if (rule.geo || rule.ip || rule.device_posture || rule.everyone)
      return matchesRule(account, rule, { person });
    const group = rule.group && account.groups.publishedOne(String(rule.group.id));
    return group ? mayHold(account, group.rules, person, otherwise) : otherwise;
  };
  return (
    rules.include.some((rule) => holds(rule, unseen)) &&
    rules.require.every((rule) => holds(rule, unseen)) &&
    !rules.exclude.some((rule) => holds(rule, !unseen))
  );
}

const same = (a: string, b: unknown): boolean => typeof b === "string" && a.toLowerCase() === b.toLowerCase();

function inRange(ip: string, range: string): boolean {
  const [network = "", bits] = range.split("/");
  const family = isIP(network) === 6 ? "ipv6" : "ipv4";
  if (isIP(network) === 0 || isIP(network) !== isIP(ip)) return false;
  const list = new BlockList();
  list.addSubnet(network, bits === undefined ? (family === "ipv6" ? 128 : 32) : Number(bits), family);
  return list.check(ip, family);
}
