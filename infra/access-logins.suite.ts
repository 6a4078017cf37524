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
  const signsIn = async (gateway: string, email: string, how: "code" | "service"): Promise<boolean> => {
    const target = await gateways().target(gateway);
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
    const carol = "carol@example.org";
    test.each<[gateway: string, email: string, how: "code" | "service", traits: Traits, isIn: boolean]>([
      ["people", ann, "code", {}, true],
      ["people", "bob@example.com", "code", {}, true],
      ["people", carol, "code", {}, true],
      ["people", "eve@example.net", "code", {}, false],
      ["people", "eve@example.net", "service", {}, false],
      ["everyone", "eve@example.net", "code", {}, true],
      ["house", "eve@example.net", "service", {}, true],
      ["house", "eve@example.net", "code", {}, false],
      ["country", ann, "code", { country: "DE" }, true],
      ["country", ann, "code", { country: "FR" }, false],
      ["country", ann, "service", { country: "FR" }, false],
      ["abroad", ann, "service", { country: "DE" }, true],
      ["abroad", ann, "service", { country: "FR" }, false],
      ["group", carol, "service", {}, true],
      ["group", ann, "service", {}, false],
      ["outside", ann, "service", {}, true],
      ["outside", carol, "service", {}, false],
      ["told", ann, "service", { authMethods: ["pwd", "mfa"] }, true],
      ["told", ann, "service", { authMethods: ["pwd"] }, false],
      ["told", ann, "service", {}, false],
      // Whatever they have: a PIN by email tells Access of nothing.
      ["told", ann, "code", { authMethods: ["mfa"] }, false],
      ["device", ann, "service", { devicePostures: [disk] }, true],
      ["device", ann, "service", { devicePostures: [jailbroken] }, false],
      ["device", ann, "service", {}, false],
      ["clean", ann, "service", {}, true],
      ["clean", ann, "service", { devicePostures: [disk] }, true],
      ["clean", ann, "service", { devicePostures: [disk, jailbroken] }, false],
    ])("%s: %s by %s with %j gets in: %s", async (gateway, email, how, traits, isIn) => {
      describePerson(email, traits);
      expect(await signsIn(gateway, email, how)).toBe(isIn);
    });

    test("offers the one-time PIN no more where the config names the login methods", async () => {
      const target = await gateways().target("session");
      const page = await visit(cloudflare().browser, loginUrl(cloudflare(), target));
      expect([page.status, page.headers.location]).toEqual([
        302,
        expect.stringContaining(gateways().service),
      ]);
      expect((await postForm(cloudflare(), loginUrl(cloudflare(), target), { email: ann })).status).toBe(404);
    });

    test.each<[gateway: string, before: Traits, after: Traits]>([
      ["country", { country: "DE" }, { country: "FR" }],
      ["abroad", { country: "DE" }, { country: "FR" }],
      ["device", { devicePostures: [disk] }, {}],
      ["clean", {}, { devicePostures: [jailbroken] }],
    ])("%s: a session that began with %j does not go on with %j", async (gateway, before, after) => {
      describePerson(ann, before);
      const target = await gateways().target(gateway);
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
      const target = await gateways().target("factor");
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
      for (const [gateway, isAskedAgain] of [
        ["factor", false],
        ["each", true],
      ] as const) {
        const target = await gateways().target(gateway);
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
