import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../rehearsal/cloudflare/testing/account.ts";
import {
  type ListedGroup,
  lookAtPeople,
  refuseOpenGroups,
  refusePublicProviders,
  untoldFactor,
} from "./access-look.ts";
import { configSchema } from "./config.ts";
import { EVERYONE } from "./config-access.ts";

const [a, b, pin, oidc] = ["a", "b", "c", "d"].map(
  (digit) => `${digit.repeat(8)}-0000-4000-8000-000000000000`,
) as [string, string, string, string];
const methods = [
  { id: pin, type: "onetimepin" },
  { id: oidc, type: "oidc" },
];
const people = (access: object) => configSchema.shape.access.parse(access);
const ann = { email: {} };
const germany = { geo: {} };
const group = (id: string, include: ListedGroup["include"], require: ListedGroup["require"] = []) => ({
  id,
  name: id === a ? "family" : "inner",
  include,
  require,
});

test.each<[string, boolean, ListedGroup[]]>([
  ["people by address", false, [group(a, [ann])]],
  ["everyone", true, [group(a, [{ everyone: {} }])]],
  ["everyone beside an address", true, [group(a, [ann, { everyone: {} }])]],
  ["everyone, of whom an address is required", false, [group(a, [{ everyone: {} }], [ann])]],
  ["a country", true, [group(a, [germany])]],
  ["everyone in a country", true, [group(a, [{ everyone: {} }], [germany])]],
  ["an address range", true, [group(a, [{ ip: {} }])]],
  ["whoever can be sent a PIN", true, [group(a, [{ login_method: { id: pin } }])]],
  ["the people of a login service", false, [group(a, [{ login_method: { id: oidc } }])]],
  [
    "another group with everyone in it",
    true,
    [group(a, [{ group: { id: b } }]), group(b, [{ everyone: {} }])],
  ],
  ["another group with people in it", false, [group(a, [{ group: { id: b } }]), group(b, [ann])]],
  ["itself", false, [group(a, [{ group: { id: a } }])]],
  ["everyone, and is not used", false, [group(a, [ann]), group(b, [{ everyone: {} }])]],
])("a group with %s is refused: %s", (_name, isRefused, groups) => {
  const look = () => refuseOpenGroups(groups, methods, people({ groups: [a] }), "ACCOUNT");
  if (isRefused) expect(look).toThrow(`access.everyone '${EVERYONE}'`);
  else look();
});

test.each([
  ["onetimepin", /ACCESS_EVERYONE.*login method[\s\S]*\(onetimepin, [\s\S]*access\.everyone/],
  ["github", /ACCESS_EVERYONE/],
  ["okta", undefined],
  ["google-apps", undefined],
])("everyone of a login method of type %s may be let in, or not: %s", (type, refused) => {
  const look = () => refusePublicProviders([{ id: a, type }], people({ identityProviders: [a] }), "ACCOUNT");
  if (refused) expect(look).toThrow(refused);
  else look();
  expect(() => refusePublicProviders([], people({ identityProviders: [a] }), "ACCOUNT")).toThrow(
    `ACCESS_PROVIDER: the account has no login method ${a}`,
  );
});

test.each([
  [[], true],
  [[pin], true],
  [[oidc], false],
  [[pin, oidc], false],
])("says where no login method tells of a second factor: with %j", (loginMethods, isSaid) => {
  const offered = loginMethods.length === 0 ? methods.slice(0, 1) : methods;
  const note = untoldFactor(offered, people({ emails: ["ann@example.com"], loginMethods }), "ACCOUNT");
  expect(note?.startsWith("ACCESS_MFA_UNTOLD") ?? false).toBe(isSaid);
});

let cloudflare: TestCloudflare;
beforeAll(async () => {
  cloudflare = await startTestCloudflare(221, { authenticators: ["security_key"] });
});
afterAll(() => cloudflare?.local.close());

test("an account is asked for what the config gives reason for, and refuses before anything is made", async () => {
  const { apiUrl: baseUrl, apiToken: token, accountId, calls } = cloudflare.local;
  const look = (access: object) => lookAtPeople(accountId, people(access), { baseUrl, token });
  const emails = ["ann@example.com"];
  expect(await look({ emails })).toEqual([]);
  expect(calls).toHaveLength(0);
  expect(await look({ emails, mfa: { authenticators: ["security_key"] } })).toEqual([]);
  await expect(look({ emails, mfa: { authenticators: ["totp", "security_key"] } })).rejects.toThrow(
    "ACCESS_MFA_OFF: access.mfa asks for totp,",
  );
  expect(await look({ emails, require: { mfa: true } })).toEqual([
    expect.stringContaining("ACCESS_MFA_UNTOLD"),
  ]);
  const world = await cloudflare.client.zeroTrust.access.groups.create({
    account_id: accountId,
    name: "world",
    include: [{ everyone: {} }],
  });
  await expect(look({ groups: [world.id] })).rejects.toThrow(
    "ACCESS_EVERYONE: an Access group of access.groups",
  );
  expect(await look({ groups: [world.id], everyone: EVERYONE })).toEqual([]);
});
