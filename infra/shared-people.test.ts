import type { ConfigMap, EngineEvent, Stack } from "@pulumi/pulumi/automation/index.js";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { sharedPermissions } from "../contract/permissions.ts";
import { anyHostKey, type CloudStage, openCloudStage } from "../rehearsal/testing/cloud-stage.ts";
import { expectNoDrift } from "../rehearsal/testing/drift.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { pulumiCli } from "../rehearsal/testing/pulumi-cli.ts";
import { findNames } from "./access-names.ts";
import { checkSharedConfig, configSchema } from "./config.ts";
import { EVERYONE } from "./config-access.ts";
import { lookAtAccount } from "./preflight.ts";
import { findGroups } from "./shared-people.ts";

const secret = "a-client-secret-of-forty-two-letters-000000";
const oidc = {
  name: "Our login",
  type: "oidc",
  clientId: "gateway",
  clientSecret: secret,
  authUrl: "https://login.example.com/authorize",
  tokenUrl: "https://login.example.com/token",
  certsUrl: "https://login.example.com/keys",
};
const family = { name: "family", emails: ["ann@example.com"], identityProviders: ["Our login"] };

interface Listed {
  readonly id: string;
  readonly name: string;
  readonly [key: string]: unknown;
}

describe("groups and login methods of a shared stack", { timeout: 180_000 }, () => {
  const teardown = new AsyncDisposableStack();
  let stage: CloudStage;
  let people: Stack;
  let home: Stack;

  /** A key's value as Pulumi takes it: each leaf by its path. */
  const config = (path: string, value: unknown): ConfigMap => {
    if (typeof value !== "object" || value === null)
      return {
        [`openclaw-gateway:${path}`]: { value: String(value), secret: path.endsWith("clientSecret") },
      };
    const leaves = Object.entries(value).map(([key, inner]) =>
      config(Array.isArray(value) ? `${path}[${key}]` : `${path}.${key}`, inner),
    );
    return Object.assign({}, ...leaves);
  };
  const sharedConfig = (shared: object): ConfigMap => ({
    ...config("accountId", stage.account.local.accountId),
    ...config("shared", shared),
  });
  const list = async (kind: "groups" | "identity_providers" | "policies"): Promise<Listed[]> => {
    const path = `/accounts/${stage.account.local.accountId}/access/${kind}`;
    return (await stage.account.client.get<{ result: Listed[] }>(path)).result;
  };
  const find = async (kind: Parameters<typeof list>[0], name: string) => {
    const one = (await list(kind)).find((listed) => listed.name === name);
    if (!one) throw new Error(`no ${name} among the ${kind}`);
    return one;
  };
  const api = () => ({ baseUrl: stage.account.local.apiUrl, token: stage.account.local.apiToken });
  /** What a preview after a refresh would change, by the resource's name. */
  const changes = async (stack: Stack) => {
    const seen: Record<string, readonly string[]> = {};
    const onEvent = ({ resourcePreEvent }: EngineEvent) => {
      const { op = "same", urn = "", diffs } = resourcePreEvent?.metadata ?? {};
      if (!["same", "read", "refresh"].includes(op)) seen[urn.split("::").at(-1) ?? ""] = diffs ?? [op];
    };
    await stack.preview({ refresh: true, onEvent });
    return seen;
  };
  const change = async (kind: "groups" | "identity_providers", name: string, keys: object) => {
    const { id, ...before } = await find(kind, name);
    const path = `/accounts/${stage.account.local.accountId}/access/${kind}/${id}`;
    await stage.account.client.put(path, { body: { ...before, ...keys } });
  };

  beforeAll(async () => {
    stage = await openCloudStage(246, teardown);
    people = await stage.workspace.stack("people", sharedConfig({ groups: [family], loginMethods: [oidc] }));
    home = await stage.workspace.stack("home", {
      ...config("accountId", stage.account.local.accountId),
      ...config("pi", { host: "192.0.2.1", hostKey: anyHostKey, abandoned: true }),
      ...config("access", { groups: ["family"], loginMethods: ["Our login"] }),
      ...config("roles", { others: "member" }),
    });
  }, 120_000);
  afterAll(() => teardown.disposeAsync());

  test("are made, and a gateway's stack names both by what they are called", async () => {
    await expect(home.preview()).rejects.toThrow(
      /ACCESS_GROUP: .*the group "family" and the login method "Our login"[\s\S]*no group "family"; it has none[\s\S]*--stack SHARED/,
    );
    const { outputs } = await people.up();
    const [group, method] = [await find("groups", "family"), await find("identity_providers", "Our login")];
    expect(group.include).toEqual([
      { email: { email: "ann@example.com" } },
      { login_method: { id: method.id } },
    ]);
    expect(outputs).toMatchObject({
      groups: { value: { family: group.id } },
      loginMethods: { value: { "Our login": method.id } },
      redirectUrl: {
        value: expect.stringMatching(/^https:\/\/.*\.cloudflareaccess\.com\/cdn-cgi\/access\/callback$/),
      },
    });
    const { changeSummary, stdout } = await home.preview();
    expect(changeSummary.same, stdout).toBeUndefined();
  });

  test("have no drift, and their secrets are in no state and no output in clear", async () => {
    await expectNoDrift(people);
    const state = JSON.stringify(await people.exportStack(), (key, value) =>
      key === "plaintext" ? undefined : value,
    );
    expect(state).toContain("family");
    expect(state).not.toContain(secret);
  });

  test("have to name who is there, once, and nobody whom no one has named", async () => {
    const { accountId } = stage.account.local;
    const found = (shared: object) =>
      findGroups(accountId, checkSharedConfig("people", { accountId: "0".repeat(32), shared }).shared, api());
    const github = { name: "GitHub", type: "github", clientId: "a", clientSecret: "b" };
    await expect(
      found({ groups: [{ ...family, identityProviders: ["GitHub"] }], loginMethods: [github] }),
    ).rejects.toThrow(
      /ACCESS_EVERYONE: .*shared\.groups\[0\]\.identityProviders[\s\S]*--path 'shared\.groups\[0\]\.everyone'/,
    );
    const world = { name: "world", everyone: EVERYONE };
    expect(await found({ groups: [world] })).toMatchObject([{ name: "world", everyone: EVERYONE }]);
    await expect(found({ groups: [{ name: "outer", groups: ["world"] }, world] })).rejects.toThrow(
      "ACCESS_EVERYONE: an Access group of shared.groups[0].groups",
    );
    await expect(found({ groups: [{ name: "outer", groups: ["nobody's"] }] })).rejects.toThrow(
      /ACCESS_GROUP: [\s\S]*no group "nobody's"; it has "family"/,
    );
    const access = (keys: object) => configSchema.shape.access.parse(keys);
    const { id } = await find("groups", "family");
    expect(
      await findNames(
        accountId,
        access({ emails: ["a@b.example"], exclude: { groups: ["family", id] } }),
        api(),
      ),
    ).toMatchObject({
      exclude: { groups: [id, id] },
    });
    const second = await stage.account.client.zeroTrust.access.groups.create({
      account_id: accountId,
      name: "family",
      include: [{ email: { email: "ben@example.com" } }],
    });
    await expect(findNames(accountId, access({ groups: ["family"] }), api())).rejects.toThrow(
      `2 of its groups are called "family": name one by its id, ${id} or ${second.id}`,
    );
    await stage.account.client.zeroTrust.access.groups.delete(second.id as string, { account_id: accountId });
  });

  test("want one permission more of the API token, where there are any", async () => {
    const { accountId, apiUrl: baseUrl, issueApiToken } = stage.account.local;
    const group = "Access: Organizations, Identity Providers, and Groups";
    const look = (token: string, hasPeople: boolean) => {
      const needs = sharedPermissions({ alerts: false, probe: false, people: hasPeople });
      return lookAtAccount(accountId, { baseUrl, token }, needs).then(
        () => "",
        (error: Error) => error.message,
      );
    };
    const none = issueApiToken({
      without: [`${group} Write`, "Notifications Write", "Workers KV Storage Write"],
    });
    expect(await look(none, true)).toContain(`lacks the permission "${group}: Edit"`);
    expect(await look(none, false)).toContain(`lacks the permission "${group}: Read"`);
    expect(await look(issueApiToken({ without: ["Notifications Write"] }), true)).toBe("");
  });

  longTest(
    "let in by their name, show each change by hand as that one change, and stay while they are used",
    async () => {
      await home.up();
      const [group, method] = [await find("groups", "family"), await find("identity_providers", "Our login")];
      expect((await find("policies", "openclaw-home-people")).include).toEqual([{ group: { id: group.id } }]);
      expect(Object.keys((await home.preview()).changeSummary)).toEqual(["same"]);

      await change("groups", "family", { include: [{ email: { email: "eve@example.com" } }] });
      expect(await changes(people)).toEqual({ "people-group-family": ["includes"] });
      await people.up({ refresh: true });
      await change("groups", "family", { require: [{ geo: { country_code: "DE" } }] });
      expect(await changes(people)).toEqual({ "people-group-family": ["requires"] });
      await people.up({ refresh: true });
      const config = { ...(method.config as object), client_id: "another", client_secret: "another" };
      await change("identity_providers", "Our login", { config });
      expect(Object.keys(await changes(people))).toEqual(["people-login-Our login"]);
      await people.up({ refresh: true });
      expect(await changes(people)).toEqual({});
      expect((await find("identity_providers", "Our login")).id).toBe(method.id);

      await expect(people.destroy()).rejects.toThrow(/uses this (group|identity provider)/);
      await home.destroy();
      await people.destroy();
      expect(stage.account.local.resources()).toEqual([]);
    },
  );

  longTest("take over the one one-time PIN of an account by the line that is shown", async () => {
    const pin = (await list("identity_providers")).find(({ type }) => type === "onetimepin");
    await people.removeConfig("openclaw-gateway:shared");
    await people.setAllConfig(sharedConfig({ loginMethods: [{ name: "Codes", type: "onetimepin" }] }), true);
    const refused = await people.preview().then(
      () => "",
      (error: Error) => error.message,
    );
    expect(refused).toContain("CLOUDFLARE_NAME_IN_USE");
    const [, type = "", as = "", id = ""] =
      /npx pulumi import --yes --protect=false --generate-code=false (\S+) '([^']+)' (\S+)/.exec(refused) ??
      [];
    const options = ["--yes", "--protect=false", "--generate-code=false", "--stack", "people"];
    const { code, output } = await pulumiCli(stage, "import", ...options, type, as, id);
    expect(code, output).toBe(0);
    expect(await changes(people)).toMatchObject({ "people-login-Codes": ["name"] });
    await people.up();
    expect(await find("identity_providers", "Codes")).toMatchObject({ id: pin?.id, type: "onetimepin" });
    await expectNoDrift(people);
  });
});
