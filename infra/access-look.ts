import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { EVERYONE } from "./config-access.ts";
import type { ErrorCode } from "./error-codes.ts";
import { Refusal } from "./refusal.ts";
import { lookup } from "./shared-lookups.ts";

type People = GatewayConfig["access"];
type Rule = Readonly<Record<string, { readonly id?: string } | undefined>>;

/** An Access group, as the API lists it. */
export interface ListedGroup {
  readonly id: string;
  readonly name: string;
  readonly include?: readonly Rule[] | null;
  readonly require?: readonly Rule[] | null;
}

/** A login method, as the API lists it. */
export interface ListedMethod {
  readonly id: string;
  readonly name?: string;
  readonly type: string;
}

type ListedKind = "groups" | "identity_providers" | "organizations";

/** Where the account's things of one kind are listed, of which it may have 300. */
const listPath = (accountId: string, kind: ListedKind): string =>
  `/accounts/${accountId}/access/${kind}${kind === "groups" ? "?per_page=1000" : ""}`;

/** What the account has of one kind, asked once for all stacks that ask the same. */
export function listOfAccess<T>(accountId: string, kind: ListedKind, api: CloudflareApi): Promise<T> {
  const path = listPath(accountId, kind);
  return lookup(`${path} ${api.baseUrl} ${api.token}`, () => readCloudflare<T>(path, api));
}

/** The same, asked by a stack that is about to change it: others that ask after it are not told what was before. */
export const listBeforeChange = <T>(accountId: string, kind: ListedKind, api: CloudflareApi): Promise<T> =>
  readCloudflare<T>(listPath(accountId, kind), api);

/**
 * Looks at what the account has for the people that the config lets in, before anything is created. Nothing is asked of
 * Cloudflare that the config gives no reason for.
 *
 * @returns what to tell the person
 * @throws Refusal for a group or a login method that lets everyone in, and for a second factor that the account does not allow
 */
export async function lookAtPeople(accountId: string, people: People, api: CloudflareApi): Promise<string[]> {
  const list = <T>(kind: ListedKind) => listOfAccess<T>(accountId, kind, api);
  const hasGroups = people.groups.length > 0 && people.everyone === undefined;
  const methods = async () => list<ListedMethod[]>("identity_providers");
  if (people.identityProviders.length > 0 && people.everyone === undefined)
    refusePublicProviders(await methods(), people, accountId);
  if (hasGroups) refuseOpenGroups(await list<ListedGroup[]>("groups"), await methods(), people, accountId);
  if (people.mfa.authenticators.length > 0) {
    const organization = await list<{ mfa_config?: { allowed_authenticators?: string[] | null } | null }>(
      "organizations",
    );
    refuseForeignFactor(organization.mfa_config?.allowed_authenticators ?? [], people, accountId);
  }
  const note = people.require.mfa ? untoldFactor(await methods(), people, accountId) : undefined;
  return note === undefined ? [] : [note];
}

/**
 * A group of the config whose include takes people whom nobody names is an everyone-policy by another name: everyone, an
 * address, a country, or whoever can be sent a one-time PIN or has an account where anybody can have one ("Common misconfigurations" of
 * https://developers.cloudflare.com/cloudflare-one/access-controls/policies/).
 */
export function refuseOpenGroups(
  groups: readonly ListedGroup[],
  methods: readonly ListedMethod[],
  people: Pick<People, "groups">,
  accountId: string,
  where = "access",
): void {
  const anybodys = new Set(methods.filter(isAnybodys).map(({ id }) => id));
  const isOpen = (id: string, outer: readonly string[] = []): boolean => {
    const group = groups.find((one) => one.id === id);
    if (!group || outer.includes(id)) return false;
    const opens = ({ everyone, geo, ip, ip_list, login_method, group: inner }: Rule): boolean =>
      (everyone ?? geo ?? ip ?? ip_list) !== undefined ||
      (login_method?.id !== undefined && anybodys.has(login_method.id)) ||
      (inner?.id !== undefined && isOpen(inner.id, [...outer, id]));
    return (group.include ?? []).some(opens) && (group.require ?? []).every(opens);
  };
  const open = groups.filter(({ id }) => people.groups.includes(id) && isOpen(id));
  if (open.length === 0) return;
  throw new Refusal(
    "ACCESS_EVERYONE",
    `an Access group of ${where}.groups lets in people whom nobody has named:`,
    ...open.map(({ name, id }) => `"${name}" (${id})`),
    `name its people: https://one.dash.cloudflare.com/${accountId}/access/groups`,
    letEveryoneIn(where),
  );
}

/** @param where the key that people are named below */
const letEveryoneIn = (where: string): string =>
  `or let everyone in, as guests: npx pulumi config set --path ${where === "access" ? "access.everyone" : `'${where}.everyone'`} '${EVERYONE}'`;

/** Where whoever asks is given an account; of a PIN, an email address is one. */
const publicTypes = ["onetimepin", "cloudflare", "facebook", "github", "google", "linkedin", "yandex"];
const isAnybodys = ({ type }: ListedMethod): boolean => publicTypes.includes(type);

/** @throws Refusal for a login method that is not there, and for one that vouches for anybody */
export function refusePublicProviders(
  methods: readonly ListedMethod[],
  people: Pick<People, "identityProviders">,
  accountId: string,
  where = "access",
): void {
  const page = `https://one.dash.cloudflare.com/${accountId}/settings/authentication`;
  const unknown = people.identityProviders.filter((id) => !methods.some((method) => method.id === id));
  if (unknown.length > 0)
    throw new Refusal(
      "ACCESS_PROVIDER",
      `the account has no login method ${unknown.join(", nor ")}, which ${where}.identityProviders names`,
      `its login methods, each with its id in the address of its page: ${page}`,
    );
  const open = methods.filter((method) => people.identityProviders.includes(method.id) && isAnybodys(method));
  if (open.length === 0) return;
  throw new Refusal(
    "ACCESS_EVERYONE",
    `a login method of ${where}.identityProviders lets in people whom nobody has named:`,
    ...open.map(({ name, type, id }) => `"${name ?? type}" (${type}, ${id})`),
    `name people: npx pulumi config set --path '${where}.emails[0]' ADDRESS; the method is one to sign in by all the same`,
    letEveryoneIn(where),
  );
}

/** @throws Refusal unless the account's Access settings allow all that the config asks for */
export function refuseForeignFactor(allowed: readonly string[], { mfa }: People, accountId: string): void {
  const foreign = mfa.authenticators.filter((one) => !allowed.includes(one));
  if (foreign.length === 0) return;
  throw new Refusal(
    "ACCESS_MFA_OFF",
    `access.mfa asks for ${foreign.join(" and ")}, which the account's Access settings do not allow`,
    `https://one.dash.cloudflare.com/${accountId}: Access controls, Access settings, Allow multi-factor authentication (MFA)`,
    "or ask for none: npx pulumi config rm --path access.mfa",
  );
}

/** Login methods that can tell Access of a second factor, as Cloudflare's page on enforcing MFA lists them. */
const telling = ["azureAD", "oidc", "okta", "saml"];
const untold: ErrorCode = "ACCESS_MFA_UNTOLD";

/** What to say where nobody could come in, since no login method tells Access of a second factor. */
export function untoldFactor(
  methods: readonly ListedMethod[],
  { loginMethods }: People,
  accountId: string,
): string | undefined {
  const offered = methods.filter(({ id }) => loginMethods.length === 0 || loginMethods.includes(id));
  if (offered.some(({ type }) => telling.includes(type))) return undefined;
  return [
    `${untold}: access.require.mfa lets nobody in by the login methods there are: none of them tells Access of a second factor`,
    `  one that does (Okta, Entra ID, OIDC, SAML): https://one.dash.cloudflare.com/${accountId}/settings/authentication, Login methods, Add new`,
    "  or let Access ask itself: npx pulumi config rm --path access.require.mfa && npx pulumi config set --path 'access.mfa.authenticators[0]' totp",
  ].join("\n");
}
