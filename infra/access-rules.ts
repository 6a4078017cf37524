import type * as pulumi from "@pulumi/pulumi";
import type { GatewayConfig } from "./config.ts";

type Id = pulumi.Input<string>;
type Configured = GatewayConfig["access"];
type InGroups<Keys, Id> = Omit<Keys, "groups"> & { groups: Id[] };

/** Who comes in and who does not, as a config says it, with `Id` where that names a group or a login method. */
export type People<Id> = Pick<Configured, "emails" | "emailDomains" | "everyone"> & {
  groups: Id[];
  identityProviders: Id[];
  require: InGroups<Configured["require"], Id>;
  exclude: InGroups<Configured["exclude"], Id>;
};

/** The rules of a policy or a group, as the provider takes them. */
export const rulesOf = (people: People<Id>) => ({
  includes: [
    ...people.emails.map((email) => ({ email: { email } })),
    ...people.emailDomains.map((domain) => ({ emailDomain: { domain } })),
    ...inGroups(people.groups),
    ...people.identityProviders.map((id) => ({ loginMethod: { id } })),
    ...(people.everyone === undefined ? [] : [{ everyone: {} }]),
  ],
  ...narrowing(people),
});

const inGroups = (groups: readonly Id[]) => groups.map((id) => ({ group: { id } }));
const onDevices = (checks: readonly string[]) =>
  checks.map((integrationUid) => ({ devicePosture: { integrationUid } }));

/** What is not asked for is left out: an empty list would show as changed on every preview. */
function narrowing({ require, exclude }: People<Id>) {
  const requires = [
    ...(require.country ? [{ geo: { countryCode: require.country } }] : []),
    ...inGroups(require.groups),
    ...onDevices(require.devicePostures),
    ...(require.mfa ? [{ authMethod: { authMethod: "mfa" } }] : []),
  ];
  const excludes = [
    ...exclude.countries.map((countryCode) => ({ geo: { countryCode } })),
    ...inGroups(exclude.groups),
    ...onDevices(exclude.devicePostures),
  ];
  return { ...(requires.length > 0 && { requires }), ...(excludes.length > 0 && { excludes }) };
}
