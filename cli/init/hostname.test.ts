import { afterAll, beforeAll, expect, test } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { quiet } from "../../rehearsal/progress.ts";
import type { CloudflareAccount } from "./account.ts";
import { addressOf, chooseHostname } from "./hostname.ts";
import type { Person } from "./person.ts";

let cloudflare: TestCloudflare;
let account: CloudflareAccount;

beforeAll(async () => {
  cloudflare = await startTestCloudflare(233, { zones: ["example.com"] });
  const { accountId, apiToken: value, apiUrl: baseUrl, teamDomain, workersSubdomain } = cloudflare.local;
  account = {
    ...{ accountId, teamDomain, workersSubdomain, tokenPage: "https://dash.example.com/" },
    token: { value } as CloudflareAccount["token"],
    api: { baseUrl, token: value },
    limitedLogins: undefined,
  };
});
afterAll(() => cloudflare.local.close());

/** Somebody who gives these answers, one after the other; an empty one is Enter alone. */
function somebody(...answers: string[]) {
  const heard: string[] = [];
  const person = {
    heading() {},
    tell() {},
    warn: (text: string) => void heard.push(text),
    text: async ({
      initial = "",
      wrong,
    }: {
      initial?: string;
      wrong?: (answer: string) => string | undefined;
    }) => {
      const answer = answers.shift() || initial;
      expect(wrong?.(answer)).toBeUndefined();
      return answer;
    },
  } as unknown as Person;
  return { person, heard };
}
const ask = (person: Person | undefined, values: Record<string, unknown> = {}, hostname?: string) =>
  chooseHostname({ options: { hostname }, person, progress: quiet }, "mia", account, { values });

test("Enter keeps what there is: the address below workers.dev, or the hostname", async () => {
  expect(await ask(somebody("").person)).toEqual({});
  expect(await ask(somebody("").person, { hostname: "ai.example.com" })).toEqual({});
  expect(await ask(undefined)).toEqual({});
});

test("takes a hostname in a zone of the account, and asks again for one that cannot be had", async () => {
  const { person, heard } = somebody("ai.example.org", "AI.example.com");
  expect(await ask(person)).toEqual({ hostname: "ai.example.com" });
  expect(heard).toEqual([expect.stringMatching(/^HOSTNAME_ZONE_MISSING: no zone of the account/)]);
});

test("takes it from the flag, where nobody is asked", async () => {
  expect(await ask(undefined, {}, "ai.example.com")).toEqual({ hostname: "ai.example.com" });
  await expect(ask(undefined, {}, "ai.example.org")).rejects.toThrow("HOSTNAME_ZONE_MISSING");
  await expect(ask(undefined, {}, "nowhere")).rejects.toThrow("ANSWER_WRONG: --hostname");
});

test("workers.dev gives a hostname up, and the zone that was named with it", async () => {
  const values = { hostname: "ai.example.com", zoneId: "0".repeat(32) };
  expect(await ask(undefined, values, "workers.dev")).toEqual({ hostname: "", zoneId: "" });
});

test("says what the address is", () => {
  const { workersSubdomain } = account;
  expect(addressOf("mia", {}, account)).toBe(`https://openclaw-mia.${workersSubdomain}.workers.dev`);
  expect(addressOf("mia", { workerName: "claw", workersSubdomain: "own" }, account)).toBe(
    "https://claw.own.workers.dev",
  );
  expect(addressOf("mia", { hostname: "ai.example.com" }, account)).toBe("https://ai.example.com");
});
