import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import {
  judge,
  type Kind,
  leftOver,
  lookForRoom,
  namesOfGateway,
  namesOfShared,
  type Plan,
  readHeld,
  usesOf,
} from "./account-limits.ts";
import type { CloudflareApi } from "./cloudflare-api.ts";
import { shareLookups } from "./shared-lookups.ts";

const account = "a".repeat(32);
const many = (count: number) => Array.from({ length: count }, (_, index) => `other-${index}`);
const mia = namesOfGateway("mia", { serviceTokens: [{ name: "cli" }, { name: "phone" }] });
const alerts = namesOfShared("alerts", { alerts: { webhooks: [{}] } });

async function apiOf(server: Server): Promise<CloudflareApi> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return { baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, token: "t" };
}

test("an account without room is refused: which limit, how many there are, what would be made, what frees some", () => {
  const held = { "service tokens": many(49), Workers: many(100), "Access applications": many(499) };
  const refused = () => judge(usesOf(held, mia), account, "free");
  expect(refused).toThrow(
    /ACCOUNT_FULL[\s\S]*100 of the 100 Workers of the free plan, and 1 more: openclaw-mia\. .*\n.*49 of the 50 service tokens of an account, and 2 more: openclaw-mia-cli, openclaw-mia-phone\. Delete .*https:\/\/one\.dash\.cloudflare\.com\/a+\/access\/service-auth[\s\S]*family -- remove[\s\S]*plan paid[\s\S]*plan enterprise/,
  );
  expect(refused).not.toThrow("applications");
});

test.each<[Kind, free: number, paid: number]>([
  ["Workers", 100, 500],
  ["cron triggers", 5, 250],
  ["service tokens", 50, 50],
  ["Access applications", 500, 500],
  ["Access policies", 500, 500],
  ["tunnels", 1000, 1000],
  ["VPC services", 1000, 1000],
])("of %s an account may have %d, and on the paid plan %d", (kind, free, paid) => {
  const look = (used: number, plan: Plan) =>
    judge(usesOf({ [kind]: many(used) }, { [kind]: ["one"] }, plan), account, plan);
  const full = (most: number) =>
    new RegExp(`ACCOUNT_FULL[\\s\\S]*${most} of the ${most} ${kind} of .*: one\\.`);
  for (const [plan, most] of [
    ["free", free],
    ["paid", paid],
  ] as const) {
    expect(look(most - 1, plan)).toHaveLength(1);
    expect(() => look(most, plan)).toThrow(full(most));
    expect(look(Math.floor(most / 2), plan)).toEqual([]);
  }
  // What paying would give is offered where it would help, and nowhere else.
  const advice = /set plan paid/;
  if (paid > free) expect(() => look(free, "free")).toThrow(advice);
  else expect(() => look(free, "free")).not.toThrow(advice);
  expect(() => look(paid, "paid")).not.toThrow(advice);
  // Where Cloudflare has raised what the account may have, nobody here knows to what.
  expect(look(paid, "enterprise")).toHaveLength(1);
});

test("what the stack has already needs no more room", () => {
  const held = {
    Workers: many(99).concat("openclaw-mia"),
    "service tokens": many(48).concat("openclaw-mia-cli"),
  };
  expect(judge(usesOf(held, mia), account, "free")).toEqual([
    "the account has 100 of the 100 Workers of the free plan",
    "the account has 49 of the 50 service tokens of an account",
  ]);
});

test("a tunnel that is reused, and a shared stack without webhooks, want none", () => {
  const reused = namesOfGateway("mia", { serviceTokens: [], tunnel: { id: "t" } });
  expect(judge(usesOf({ tunnels: many(1000) }, reused), account, "enterprise")).toHaveLength(1);
  expect(() => judge(usesOf({ tunnels: many(1000) }, mia), account, "free")).toThrow(
    "1000 of the 1000 tunnels",
  );
  const full = { "cron triggers": many(5) };
  expect(() => judge(usesOf(full, alerts), account, "free")).toThrow("5 of the 5 cron triggers");
  expect(() => judge(usesOf(full, namesOfShared("alerts", {})), account, "free")).not.toThrow();
});

test("a shared stack's groups and login methods are among what an account has room for", () => {
  const people = namesOfShared("people", {
    groups: [{ name: "family" }],
    loginMethods: [{ name: "GitHub" }],
  });
  const full = { "Access groups": many(300), "login methods": many(49).concat("GitHub") };
  expect(() => judge(usesOf(full, people), account, "free")).toThrow(
    /300 of the 300 Access groups.*, and 1 more: family\. Delete .*a\/access\/groups/,
  );
  expect(judge(usesOf({ ...full, "Access groups": many(299) }, people), account, "free")).toHaveLength(2);
});

test("an account that has more than a free one may is not taken for one", () => {
  expect(judge(usesOf({ Workers: many(101) }, mia), account, "free")).toHaveLength(1);
});

test("what a lost answer has left behind is named, and a second one of somebody else's name is not", () => {
  const held = {
    "service tokens": ["openclaw-mia-cli", "openclaw-mia-phone", "openclaw-mia-cli", "x", "x"],
    "Access policies": ["openclaw-mia-people", "openclaw-mia-people"],
  };
  expect(leftOver(held, mia, account)).toEqual([
    expect.stringMatching(/^LEFT_OVER: .* 2 service tokens with the name openclaw-mia-cli, .*service-auth$/),
    expect.stringMatching(/^LEFT_OVER: .* 2 Access policies with the name openclaw-mia-people, .*policies$/),
  ]);
  expect(leftOver({}, mia, account)).toEqual([]);
});

test("counts what stands on later pages too, and cron triggers by Worker", async () => {
  const names = many(250);
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? "", "http://a");
    const start = (Number(url.searchParams.get("page")) - 1) * 100;
    const scripts = url.pathname.endsWith("/workers/scripts");
    // As the real lists of Workers, which have no pages.
    const list = scripts
      ? [{ id: "a" }, { id: "b" }]
      : names.slice(start, start + 100).map((name) => ({ name }));
    const result = url.pathname.endsWith("/schedules") ? { schedules: [{}, {}] } : list;
    const info = scripts ? undefined : { total_count: names.length };
    response.end(JSON.stringify({ success: true, errors: [], result, result_info: info }));
  });
  const api = await apiOf(server);
  const held = await readHeld(account, ["tunnels", "cron triggers"], api);
  expect(held.tunnels).toEqual(names);
  expect(held["cron triggers"]).toEqual(["a", "a", "b", "b"]);
});

const settings: Parameters<typeof lookForRoom>[1] = {
  accountId: account,
  plan: "free",
  workerName: "",
  serviceTokens: [],
  tunnel: { id: "t", secret: "" },
};

test("one of many stacks lists the account anew where it would take more of it, and not where it has all it wants", async () => {
  const scripts = Array.from({ length: 98 }, (_, index) => ({ id: `other-${index}` }));
  let lists = 0;
  const server = createServer((request, response) => {
    const workers = request.url?.includes("/workers/scripts");
    if (workers) lists += 1;
    response.end(JSON.stringify({ success: true, errors: [], result: workers ? scripts : [] }));
  });
  const api = await apiOf(server);
  shareLookups();
  const up = (stack: string) => lookForRoom(stack, settings, api);
  expect(await up("mia")).toMatchObject({ makes: true });
  expect(lists).toBe(1);
  scripts.push({ id: "openclaw-mia" });
  await up("bob");
  expect(lists).toBe(2);
  scripts.push({ id: "openclaw-bob" });
  await expect(up("cleo")).rejects.toThrow("100 of the 100 Workers");
  expect(lists).toBe(3);
});

test("a stack that has all of its own is asked about once for all", async () => {
  let lists = 0;
  const server = createServer((_, response) => {
    lists += 1;
    const names = ["openclaw-mia", "openclaw-mia-people"].map((name) => ({ id: name, name }));
    response.end(JSON.stringify({ success: true, errors: [], result: names }));
  });
  const api = await apiOf(server);
  shareLookups();
  for (const _ of [1, 2, 3])
    expect(await lookForRoom("mia", settings, api)).toEqual({ notes: [], makes: false });
  expect(lists).toBe(6);
});
