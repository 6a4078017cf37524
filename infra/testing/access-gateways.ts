import type { EngineEvent } from "@pulumi/pulumi/automation/index.js";
import { vi } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { SignInTarget } from "../../rehearsal/cloudflare/testing/sign-in.ts";
import { openTestStack } from "../../rehearsal/providers/testing/stack.ts";
import { Access } from "../access.ts";
import { configSchema } from "../config.ts";
import { EVERYONE } from "../config-access.ts";

type Keys = Readonly<Record<string, unknown>>;

/** An application or a policy, as the API has it. */
export interface Listed extends Keys {
  readonly id: string;
  readonly name: string;
}

/** A local Cloudflare, and a stack with the Access part of many gateways in it. */
export interface AccessGateways {
  readonly cloudflare: TestCloudflare;
  /** An Access group with carol@example.org in it, and a login service that hands on how somebody proved who they are. */
  readonly family: string;
  readonly service: string;
  /** Config below `access` by the key that it is there for; the gateway is named after it. */
  readonly keys: Readonly<Record<string, Keys>>;
  /** Builds one gateway for each key, and `programs` with these service tokens. */
  up(tokens: readonly string[]): Promise<Readonly<Record<string, number>>>;
  /** What a preview would change: inputs, by the resource's name; none where nothing is to do. */
  changes(): Promise<Record<string, readonly string[]>>;
  list(kind: "apps" | "policies"): Promise<readonly Listed[]>;
  find(kind: "apps" | "policies", name: string): Promise<Listed>;
  /** What somebody does in the dashboard: all stays but these keys. */
  changeByHand(kind: "apps" | "policies", name: string, keys: Keys): Promise<void>;
  /** Where one signs in to a key's gateway. */
  target(key: string): Promise<SignInTarget>;
  close(): Promise<void>;
}

/** Posture checks, as their ids would be. */
export const disk = "0c8a4ab5-72f2-44a7-9c8d-3ba9b3b6e6f0";
export const jailbroken = "5fd1a9ae-46ec-4d51-9b02-d0fe5a12f6f2";

/** A key as it stands in names: `access.require.groups[0]` is `require-groups`. */
export const gatewayOf = (key: string): string =>
  key
    .replace("access.", "")
    .replaceAll(/[^a-z]+/gi, "-")
    .replace(/-$/, "")
    .toLowerCase();

/** Each sets what it must, and the key. */
function gatewaysByKey(family: string, service: string): AccessGateways["keys"] {
  const ann = { emails: ["ann@example.com"] };
  const all = { emailDomains: ["example.org"] };
  return {
    "access.emails[0]": { emails: ["ann@example.com", "bob@example.com"] },
    "access.emailDomains[0]": all,
    "access.groups[0]": { groups: [family] },
    "access.everyone": { ...ann, everyone: EVERYONE },
    "access.loginMethods[0]": { ...ann, loginMethods: [service] },
    "access.require.country": { ...ann, require: { country: "DE" } },
    "access.require.groups[0]": { ...all, require: { groups: [family] } },
    "access.require.devicePostures[0]": { ...ann, require: { devicePostures: [disk] } },
    "access.require.mfa": { ...ann, require: { mfa: true } },
    "access.exclude.countries[0]": { ...ann, exclude: { countries: ["FR"] } },
    "access.exclude.groups[0]": { ...all, exclude: { groups: [family] } },
    "access.exclude.devicePostures[0]": { ...ann, exclude: { devicePostures: [jailbroken] } },
    "access.mfa.authenticators[0]": { ...ann, mfa: { authenticators: ["totp"] } },
    "access.mfa.sessionDuration": { ...ann, mfa: { authenticators: ["totp"], sessionDuration: "0m" } },
    "access.sessionDuration": { ...ann, sessionDuration: "12h" },
    "access.bindingCookie": { ...ann, bindingCookie: true },
    "access.cookie": { ...ann, cookie: true },
  };
}

export async function openAccessGateways(firstSlot: number): Promise<AccessGateways> {
  const teardown = new AsyncDisposableStack();
  const cloudflare = await startTestCloudflare(firstSlot, {
    loginMethods: ["onetimepin", "oidc"],
    authenticators: ["totp", "security_key"],
  });
  teardown.defer(cloudflare.local.close);
  const { apiUrl, apiToken, accountId, workersSubdomain } = cloudflare.local;
  const hostname = (name: string) => `${name}.${workersSubdomain}.workers.dev`;
  const test = await openTestStack(apiUrl, apiToken);
  teardown.defer(test.close);
  // The look whether the hostname is free runs in this process.
  vi.stubEnv("CLOUDFLARE_BASE_URL", apiUrl);
  vi.stubEnv("CLOUDFLARE_API_TOKEN", apiToken);
  teardown.defer(() => void vi.unstubAllEnvs());

  const path = (kind: string) => `/accounts/${accountId}/access/${kind}`;
  const list = async (kind: string) =>
    (await cloudflare.client.get<{ result: Listed[] }>(`${path(kind)}?per_page=1000`)).result;
  const find = async (kind: string, name: string): Promise<Listed> => {
    const one = (await list(kind)).find((entry) => entry.name === name);
    if (!one) throw new Error(`no ${name} among the ${kind}`);
    return one;
  };
  const group = await cloudflare.client.post<{ result: Listed }>(path("groups"), {
    body: { name: "family", include: [{ email: { email: "carol@example.org" } }] },
  });
  const [family, service] = [group.result.id, (await find("identity_providers", "oidc")).id];
  const keys = gatewaysByKey(family, service);
  const gateway = (name: string, access: Keys, tokens: readonly string[], preflights: boolean) =>
    new Access(name, {
      accountId,
      name,
      hostnames: [hostname(name)],
      people: configSchema.shape.access.parse(access),
      serviceTokens: configSchema.shape.serviceTokens.parse(tokens.map((token) => ({ name: token }))),
      preflights,
    });
  return {
    cloudflare,
    family,
    service,
    keys,
    up: async (tokens) => {
      test.use(async () => {
        for (const [key, access] of Object.entries(keys)) gateway(gatewayOf(key), access, [], false);
        gateway("programs", { emails: ["ann@example.com"] }, tokens, true);
      });
      return (await test.stack.up({ refresh: true })).summary.resourceChanges ?? {};
    },
    changes: async () => {
      const seen: Record<string, readonly string[]> = {};
      const onEvent = ({ resourcePreEvent }: EngineEvent) => {
        const { op = "same", urn = "", diffs } = resourcePreEvent?.metadata ?? {};
        if (!["same", "read", "refresh"].includes(op)) seen[urn.split("::").at(-1) ?? ""] = diffs ?? [op];
      };
      await test.stack.preview({ refresh: true, onEvent });
      return seen;
    },
    list,
    find,
    changeByHand: async (kind, name, change) => {
      const { id, ...before } = await find(kind, name);
      await cloudflare.client.put(`${path(kind)}/${id}`, { body: { ...before, ...change } });
    },
    target: async (key) => {
      const name = gatewayOf(key);
      return { hostname: hostname(name), aud: String((await find("apps", `${name}`)).aud) };
    },
    close: () => teardown.disposeAsync(),
  };
}
