import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { programPermissions } from "../rehearsal/cloudflare/index.ts";
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
  [
    "a domain where anybody can have an address",
    true,
    [group(a, [{ email_domain: { domain: "gmail.com" } }])],
  ],
  ["a domain of one's own", false, [group(a, [{ email_domain: { domain: "example.com" } }])]],
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
  const postures = ["disk", "firewall"];
  cloudflare = await startTestCloudflare(221, { authenticators: ["security_key"], postures });
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

describe("what is named by id and not there", () => {
  const look = (access: object, token = cloudflare.local.apiToken) => {
    const { apiUrl: baseUrl, accountId } = cloudflare.local;
    return lookAtPeople(accountId, people({ emails: ["ann@example.com"], ...access }), { baseUrl, token });
  };
  const idOf = async (path: string): Promise<string> => {
    const token = cloudflare.local.issueApiToken({
      permissions: [...programPermissions, "Access: Device Posture Read"],
    });
    const answer = await fetch(`${cloudflare.local.apiUrl}/accounts/${cloudflare.local.accountId}${path}`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return ((await answer.json()) as { result: { id: string }[] }).result[0]?.id as string;
  };

  test.each<[string, (id: string) => object]>([
    ["groups", (id) => ({ groups: [id] })],
    ["require.groups", (id) => ({ require: { groups: [id] } })],
    ["exclude.groups", (id) => ({ exclude: { groups: [id] } })],
  ])("is refused where access.%s does it, with the groups there are", async (key, access) => {
    const account_id = cloudflare.local.accountId;
    const { id = "" } = await cloudflare.client.zeroTrust.access.groups.create({
      account_id,
      name: `family-${key}`,
      include: [{ email: { email: "ann@example.com" } }],
    });
    expect(await look(access(id))).toEqual([]);
    await expect(look(access(a))).rejects.toThrow(
      new RegExp(
        `^ACCESS_GROUP: .* no Access group ${a}, which access\\.${key} names\n {2}there .*${id} \\("family-${key}"\\).*\n.*${account_id}/access/groups$`,
      ),
    );
  });

  test("is refused where it is to be a login method", async () => {
    const id = await idOf("/access/identity_providers");
    expect(await look({ loginMethods: [id] })).toEqual([]);
    await expect(look({ loginMethods: [id, a], identityProviders: [b] })).rejects.toThrow(
      `ACCESS_PROVIDER: the account has no login method ${b}, which access.identityProviders names, nor ${a}, which access.loginMethods names\n  there is ${id} ("One-time PIN")`,
    );
  });

  test("is refused where it is to be a device posture check, as far as the token may look", async () => {
    const access = (id: string) => ({ require: { devicePostures: [id] } });
    const token = cloudflare.local.issueApiToken({
      permissions: [...programPermissions, "Access: Device Posture Read"],
    });
    expect(await look(access(await idOf("/devices/posture")), token)).toEqual([]);
    await expect(look(access(a), token)).rejects.toThrow(
      /ACCESS_POSTURE: .*, which access\.require\.devicePostures names\n {2}there are .* \("disk"\), .* \("firewall"\)/,
    );
    expect(await look(access(a))).toEqual([
      expect.stringMatching(/^ACCESS_POSTURE: .* was not seen: .*lacks/),
    ]);
  });

  test("is listed with all else that is wrong with the people", async () => {
    const wrong = { groups: [a], loginMethods: [b], mfa: { authenticators: ["totp"] } };
    await expect(look(wrong)).rejects.toThrow(
      /^NOT_READY: 3 things [\s\S]*ACCESS_GROUP[\s\S]*ACCESS_PROVIDER[\s\S]*ACCESS_MFA_OFF/,
    );
  });
});
