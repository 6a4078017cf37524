import { afterEach, describe, expect, test } from "vitest";
import type { Traits } from "../rehearsal/cloudflare/access/people.ts";
import { visit } from "../rehearsal/cloudflare/testing/browse.ts";
import {
  enterCode,
  finishSignIn,
  loginUrl,
  postForm,
  type SignInTarget,
  signInAt,
} from "../rehearsal/cloudflare/testing/sign-in.ts";
import { type AccessGateways, disk, jailbroken } from "./testing/access-gateways.ts";

/** Who gets in at Access, by what the config says and who they are, on which device and where. */
export function accessLoginsSuite(gateways: () => AccessGateways): void {
  const cloudflare = () => gateways().cloudflare;
  const describePerson = (email: string, traits: Traits) => cloudflare().local.describePerson(email, traits);
  const people = [
    "ann@example.com",
    "bob@example.com",
    "carol@example.org",
    "dan@example.org",
    "eve@example.net",
  ];
  afterEach(() => {
    for (const email of people) describePerson(email, {});
  });

  /** By the one-time PIN, which is only sent to who may come in; or by the login service. */
  const signsIn = async (key: string, email: string, how: "code" | "service"): Promise<boolean> => {
    const target = await gateways().target(key);
    if (how === "service") return (await signInAt(cloudflare(), target, "oidc", email)).status === 302;
    await postForm(cloudflare(), loginUrl(cloudflare(), target), { email });
    if (!cloudflare().local.loginCode(email)) return false;
    return (await enterCode(cloudflare(), target, email)).status === 302;
  };
  /** What the gateway's address answers to someone with a session: let through, to a Worker that is not there. */
  const ask = async ({ hostname }: SignInTarget, cookie: string) =>
    (await visit(cloudflare().browser, `https://${hostname}/`, { headers: { cookie } })).status;

  describe("a login at Access", { timeout: 60_000 }, () => {
    const ann = "ann@example.com";
    test.each<[key: string, email: string, how: "code" | "service", traits: Traits, isIn: boolean]>([
      ["access.emails[0]", "bob@example.com", "code", {}, true],
      ["access.emails[0]", "eve@example.net", "code", {}, false],
      ["access.emails[0]", "eve@example.net", "service", {}, false],
      ["access.emailDomains[0]", "dan@example.org", "code", {}, true],
      ["access.emailDomains[0]", ann, "code", {}, false],
      ["access.groups[0]", "carol@example.org", "code", {}, true],
      ["access.groups[0]", "dan@example.org", "code", {}, false],
      ["access.everyone", "eve@example.net", "code", {}, true],
      ["access.require.country", ann, "code", { country: "DE" }, true],
      ["access.require.country", ann, "code", { country: "FR" }, false],
      ["access.require.country", ann, "service", { country: "FR" }, false],
      ["access.exclude.countries[0]", ann, "service", { country: "DE" }, true],
      ["access.exclude.countries[0]", ann, "service", { country: "FR" }, false],
      ["access.require.groups[0]", "carol@example.org", "service", {}, true],
      ["access.require.groups[0]", "dan@example.org", "service", {}, false],
      ["access.exclude.groups[0]", "dan@example.org", "service", {}, true],
      ["access.exclude.groups[0]", "carol@example.org", "service", {}, false],
      ["access.require.mfa", ann, "service", { authMethods: ["pwd", "mfa"] }, true],
      ["access.require.mfa", ann, "service", { authMethods: ["pwd"] }, false],
      ["access.require.mfa", ann, "service", {}, false],
      // Whatever they have: a PIN by email tells Access of nothing.
      ["access.require.mfa", ann, "code", { authMethods: ["mfa"] }, false],
      ["access.require.devicePostures[0]", ann, "service", { devicePostures: [disk] }, true],
      ["access.require.devicePostures[0]", ann, "service", { devicePostures: [jailbroken] }, false],
      ["access.require.devicePostures[0]", ann, "service", {}, false],
      ["access.exclude.devicePostures[0]", ann, "service", {}, true],
      ["access.exclude.devicePostures[0]", ann, "service", { devicePostures: [disk] }, true],
      ["access.exclude.devicePostures[0]", ann, "service", { devicePostures: [disk, jailbroken] }, false],
    ])("%s: %s by %s with %j gets in: %s", async (key, email, how, traits, isIn) => {
      describePerson(email, traits);
      expect(await signsIn(key, email, how)).toBe(isIn);
    });

    test("offers the one-time PIN no more where the config names the login methods", async () => {
      const target = await gateways().target("access.loginMethods[0]");
      const page = await visit(cloudflare().browser, loginUrl(cloudflare(), target));
      expect([page.status, page.headers.location]).toEqual([
        302,
        expect.stringContaining(gateways().service),
      ]);
      expect((await postForm(cloudflare(), loginUrl(cloudflare(), target), { email: ann })).status).toBe(404);
    });

    test.each<[key: string, before: Traits, after: Traits]>([
      ["access.require.country", { country: "DE" }, { country: "FR" }],
      ["access.exclude.countries[0]", { country: "DE" }, { country: "FR" }],
      ["access.require.devicePostures[0]", { devicePostures: [disk] }, {}],
      ["access.exclude.devicePostures[0]", {}, { devicePostures: [jailbroken] }],
    ])("%s: a session that began with %j does not go on with %j", async (key, before, after) => {
      describePerson(ann, before);
      const target = await gateways().target(key);
      const { cookie } = await finishSignIn(cloudflare(), await signInAt(cloudflare(), target, "oidc", ann));
      expect(await ask(target, cookie)).toBe(404);
      describePerson(ann, after);
      expect(await ask(target, cookie)).toBe(403);
      describePerson(ann, before);
      expect(await ask(target, cookie)).toBe(404);
    });
  });

  describe("a second factor that Access asks for", { timeout: 60_000 }, () => {
    const ann = "ann@example.com";
    const code = (target: SignInTarget) => enterCode(cloudflare(), target, ann);
    const give = async (target: SignInTarget, team: string, authenticator: string) =>
      visit(cloudflare().browser, loginUrl(cloudflare(), target).replace("/login/", "/mfa/"), {
        method: "POST",
        headers: { "content-type": "application/x-www-form-urlencoded", cookie: team },
        body: new URLSearchParams({ authenticator }).toString(),
      });
    const teamOf = (page: { headers: { "set-cookie"?: string[] } }) =>
      page.headers["set-cookie"]?.[0]?.split(";")[0] ?? "";

    test("keeps out who has enrolled none, or none that the config names", async () => {
      const target = await gateways().target("access.mfa.authenticators[0]");
      for (const traits of [{}, { authenticators: ["security_key"] as const }]) {
        describePerson(ann, traits);
        const page = await code(target);
        expect([page.status, page.headers.location]).toEqual([403, undefined]);
        expect(page.body).toContain("/AddMfaDevice");
        for (const factor of ["totp", "security_key", ""])
          expect((await give(target, teamOf(page), factor)).headers.location).toBeUndefined();
      }
    });

    test("lets in by a PIN and the factor, once for as long as the config says", async () => {
      describePerson(ann, { authenticators: ["totp", "security_key"] });
      for (const [key, isAskedAgain] of [
        ["access.mfa.authenticators[0]", false],
        ["access.mfa.sessionDuration", true],
      ] as const) {
        const target = await gateways().target(key);
        const page = await code(target);
        expect([page.status, page.headers.location]).toEqual([200, undefined]);
        expect(page.body).toContain("Use totp");
        expect(page.body).not.toContain("Use security_key");
        const team = teamOf(page);
        expect((await give(target, team, "security_key")).headers.location).toBeUndefined();
        const done = await give(target, team, "totp");
        const { cookie } = await finishSignIn(cloudflare(), done);
        expect(await ask(target, cookie)).toBe(404);
        const again = await visit(cloudflare().browser, loginUrl(cloudflare(), target), {
          headers: { cookie: team },
        });
        expect(again.status).toBe(isAskedAgain ? 200 : 302);
      }
    });
  });
}
