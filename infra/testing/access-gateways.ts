import { vi } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import type { SignInTarget } from "../../rehearsal/cloudflare/testing/sign-in.ts";
import { openTestStack } from "../../rehearsal/providers/testing/stack.ts";
import { changesOf } from "../../rehearsal/testing/drift.ts";
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
  readonly gateways: Readonly<Record<string, { readonly keys: readonly string[]; readonly access: Keys }>>;
  /** Builds them, `programs` with these service tokens and for pages of other origins. */
  up(tokens: readonly string[]): Promise<Readonly<Record<string, number>>>;
  /** What a preview would change: inputs, by the resource's name; none where nothing is to do. */
  changes(): Promise<Record<string, readonly string[]>>;
  list(kind: "apps" | "policies"): Promise<readonly Listed[]>;
  find(kind: "apps" | "policies", name: string): Promise<Listed>;
  /** What somebody does in the dashboard: all stays but these keys. */
  changeByHand(kind: "apps" | "policies", name: string, keys: Keys): Promise<void>;
  /** Where one signs in to a gateway. */
  target(name: string): Promise<SignInTarget>;
  close(): Promise<void>;
}

/** Posture checks, as their ids would be. */
export const disk = "0c8a4ab5-72f2-44a7-9c8d-3ba9b3b6e6f0";
export const jailbroken = "5fd1a9ae-46ec-4d51-9b02-d0fe5a12f6f2";

/** What each gateway is there for, by its name: the keys below `access` that it is the one to try, and its config. */
function gatewaysByName(family: string, service: string): AccessGateways["gateways"] {
  const emails = ["ann@example.com"];
  const both = [...emails, "carol@example.org"];
  const totp = ["totp"];
  return {
    people: {
      keys: ["emails[0]", "emailDomains[0]", "groups[0]"],
      access: { emails, emailDomains: ["example.com"], groups: [family] },
    },
    house: { keys: ["identityProviders[0]"], access: { identityProviders: [service] } },
    everyone: { keys: ["everyone"], access: { emails, everyone: EVERYONE } },
    country: { keys: ["require.country"], access: { emails, require: { country: "DE" } } },
    abroad: { keys: ["exclude.countries[0]"], access: { emails, exclude: { countries: ["FR"] } } },
    group: { keys: ["require.groups[0]"], access: { emails: both, require: { groups: [family] } } },
    outside: { keys: ["exclude.groups[0]"], access: { emails: both, exclude: { groups: [family] } } },
    device: {
      keys: ["require.devicePostures[0]"],
      access: { emails, require: { devicePostures: [disk] } },
    },
    clean: {
      keys: ["exclude.devicePostures[0]"],
      access: { emails, exclude: { devicePostures: [jailbroken] } },
    },
    told: { keys: ["require.mfa"], access: { emails, require: { mfa: true } } },
    factor: { keys: ["mfa.authenticators[0]"], access: { emails, mfa: { authenticators: totp } } },
    each: {
      keys: ["mfa.sessionDuration"],
      access: { emails, mfa: { authenticators: totp, sessionDuration: "0m" } },
    },
    session: {
      keys: ["loginMethods[0]", "sessionDuration", "bindingCookie", "cookie"],
      access: {
        emails,
        loginMethods: [service],
        sessionDuration: "12h",
        bindingCookie: true,
        cookie: true,
      },
    },
    programs: { keys: [], access: { emails } },
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
  const gateways = gatewaysByName(family, service);
  const gateway = (name: string, access: Keys, tokens: readonly string[]) =>
    new Access(name, {
      accountId,
      name,
      hostnames: [hostname(name)],
      people: configSchema.shape.access.parse(access),
      serviceTokens: configSchema.shape.serviceTokens.parse(tokens.map((token) => ({ name: token }))),
      preflights: name === "programs",
    });
  return {
    cloudflare,
    family,
    service,
    gateways,
    up: async (tokens) => {
      test.use(async () => {
        for (const [name, { access }] of Object.entries(gateways))
          gateway(name, access, name === "programs" ? tokens : []);
      });
      return (await test.stack.up({ refresh: true })).summary.resourceChanges ?? {};
    },
    changes: () => changesOf(test.stack),
    list,
    find,
    changeByHand: async (kind, name, change) => {
      const { id, ...before } = await find(kind, name);
      await cloudflare.client.put(`${path(kind)}/${id}`, { body: { ...before, ...change } });
    },
    target: async (name) => ({
      hostname: hostname(name),
      aud: String((await find("apps", name)).aud),
    }),
    close: () => teardown.disposeAsync(),
  };
}
