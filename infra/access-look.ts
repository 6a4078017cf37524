import { refuseUnknownIds } from "./access-ids.ts";
import { type CloudflareApi, readCloudflare } from "./cloudflare-api.ts";
import type { GatewayConfig } from "./config.ts";
import { EVERYONE } from "./config-access.ts";
import type { ErrorCode } from "./error-codes.ts";
import { gather } from "./gather.ts";
import { isPublicMail } from "./public-mail.ts";
import { Refusal } from "./refusal.ts";
import { lookup } from "./shared-lookups.ts";
import type { Named } from "./those-there-are.ts";

type People = GatewayConfig["access"];
type Rule = Readonly<Record<string, { readonly id?: string; readonly domain?: string } | undefined>>;

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

/** Asked once for all stacks that ask the same. */
const listed = <T>(path: string, api: CloudflareApi): Promise<T> =>
  lookup(`${path} ${api.baseUrl} ${api.token}`, () => readCloudflare<T>(path, api));

/** What the account has of one kind. */
export const listOfAccess = <T>(accountId: string, kind: ListedKind, api: CloudflareApi): Promise<T> =>
  listed(listPath(accountId, kind), api);

/** The same, asked by a stack that is about to change it: others that ask after it are not told what was before. */
export const listBeforeChange = <T>(accountId: string, kind: ListedKind, api: CloudflareApi): Promise<T> =>
  readCloudflare<T>(listPath(accountId, kind), api);

/**
 * Looks at what the account has for the people that the config lets in, before anything is created. Nothing is asked of
 * Cloudflare that the config gives no reason for.
 *
 * @returns what to tell the person
 * @throws Refusal for what is named by id and not there, for a group or a login method that lets everyone in, and for a
 *   second factor that the account does not allow
 */
export async function lookAtPeople(accountId: string, people: People, api: CloudflareApi): Promise<string[]> {
  const list = <T>(kind: ListedKind) => listOfAccess<T>(accountId, kind, api);
  const isSome = people.everyone === undefined;
  const methods = () => list<ListedMethod[]>("identity_providers");
  const lookAtProviders = async () => {
    if (isSome && people.identityProviders.length > 0)
      refusePublicProviders(await methods(), people, accountId);
  };
  const lookAtGroups = async () => {
    if (isSome && people.groups.length > 0)
      refuseOpenGroups(await list<ListedGroup[]>("groups"), await methods(), people, accountId);
  };
  const lookAtFactors = async () => {
    if (people.mfa.authenticators.length === 0) return;
    const { mfa_config } = await list<Organization>("organizations");
    refuseForeignFactor(mfa_config?.allowed_authenticators ?? [], people, accountId);
  };
  const lookAtUntold = async () =>
    people.require.mfa ? untoldFactor(await methods(), people, accountId) : undefined;
  const [notes, untold] = await gather([
    refuseUnknownIds(accountId, people, (below) => listed<Named[]>(`/accounts/${accountId}${below}`, api)),
    lookAtUntold(),
    lookAtProviders(),
    lookAtGroups(),
    lookAtFactors(),
  ] as const);
  return untold === undefined ? notes : [...notes, untold];
}

interface Organization {
  readonly mfa_config?: { readonly allowed_authenticators?: string[] | null } | null;
}

/**
 * A group of the config whose include takes people whom nobody names is an everyone-policy by another name: everyone, an
 * address, a country, a domain of public mail, or whoever can be sent a one-time PIN or has an account where anybody can have one ("Common misconfigurations" of
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
    const opens = ({ everyone, geo, ip, ip_list, email_domain, login_method, group: inner }: Rule): boolean =>
      isPublicMail(email_domain?.domain ?? "") ||
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

/** @throws Refusal for a login method that vouches for anybody */
export function refusePublicProviders(
  methods: readonly ListedMethod[],
  people: Pick<People, "identityProviders">,
  accountId: string,
  where = "access",
): void {
  const open = methods.filter((method) => people.identityProviders.includes(method.id) && isAnybodys(method));
  if (open.length === 0) return;
  throw new Refusal(
    "ACCESS_EVERYONE",
    `a login method of ${where}.identityProviders lets in people whom nobody has named:`,
    ...open.map(({ name, type, id }) => `"${name ?? type}" (${type}, ${id})`),
    `those of one's own: https://one.dash.cloudflare.com/${accountId}/settings/authentication`,
    `or name people: npx pulumi config set --path '${where}.emails[0]' ADDRESS; the method is one to sign in by all the same`,
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
