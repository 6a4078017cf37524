import { once } from "node:events";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { WebSocket } from "ws";
import { now } from "../testing/access.ts";
import { startGateway, type TestGateway } from "../testing/gateway.ts";
import { linesOf, logged } from "../testing/log.ts";
import { bridged, closing, connect, refusal } from "../testing/socket.ts";

let gateway: TestGateway;
const start = async (bindings: Record<string, string>) => {
  gateway = await startGateway({ bindings });
};
const stop = () => gateway?.close();

/** A test's own token, so that its lines in the log can be told from the others'. */
const token = (email: string, claims = {}) => gateway.team.person({ email, ...claims });
const as = async (email: string, claims = {}) => ({ "cf-access-jwt-assertion": await token(email, claims) });
const linesOfSocket = (email: string) =>
  linesOf(gateway.log()).filter(({ event, subject }) => event === "socket" && subject === `person:${email}`);

const PEOPLE = ["ada", "ben", "cy", "dee", "eve"].map((name) => `${name}@example.com`);
const ROLES = JSON.stringify({
  people: Object.fromEntries(PEOPLE.map((email) => [email, "owner"])),
  services: {},
  agents: {},
});
const [ada, ben, cy, dee, eve] = PEOPLE as [string, string, string, string, string];

describe("an identity's sockets", () => {
  beforeAll(() => start({ SOCKETS_PER_IDENTITY: "2", ROLES }));
  afterAll(stop);
  beforeEach(() => gateway.openclaw.reset());
  const open: WebSocket[] = [];
  afterEach(() => {
    for (const client of open.splice(0)) client.terminate();
  });
  const openAs = async (email: string) => {
    const both = await bridged(gateway, await as(email));
    open.push(both.client);
    return both;
  };
  /** A place that was given back: that happens after the Close has been heard. */
  const openAgain = (email: string) =>
    vi.waitFor(
      async () => {
        const client = await connect(gateway, await as(email));
        client.on("error", () => undefined);
        await once(client, "open");
        open.push(client);
      },
      { timeout: 10_000, interval: 50 },
    );

  it("are refused above their number, before OpenClaw hears of it; others' go on", async () => {
    await openAs(ada);
    await openAs(ada);
    gateway.openclaw.reset();
    expect(await refusal(gateway, await as(ada))).toEqual([429, "TOO_MANY_SOCKETS"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
    await openAs(ben);
  });

  it.each<[string, string, (both: Awaited<ReturnType<typeof bridged>>) => void]>([
    ["that the browser closes", cy, ({ client }) => client.close(1000)],
    ["that OpenClaw closes", dee, ({ upstream }) => upstream.close(1012, "service restart")],
    ["whose browser is gone without a word", eve, ({ client }) => client.terminate()],
  ])("%s free their place", async (_name, email, end) => {
    const first = await openAs(email);
    await openAs(email);
    expect(await refusal(gateway, await as(email))).toEqual([429, "TOO_MANY_SOCKETS"]);
    end(first);
    await openAgain(email);
    expect(await refusal(gateway, await as(email))).toEqual([429, "TOO_MANY_SOCKETS"]);
  });

  it("that never come about take no place", async () => {
    const headers = { ...(await as(ben)), "cf-connecting-ip": "garbage" };
    for (let count = 0; count < 5; count += 1)
      expect(await refusal(gateway, headers)).toEqual([400, "CLIENT_ADDRESS_REFUSED"]);
    await openAgain(ben);
  });
});

describe("a socket's line in the audit trail", () => {
  beforeAll(() => start({ ROLES }));
  afterAll(stop);

  it.each<[string, string, number, (both: Awaited<ReturnType<typeof bridged>>) => void]>([
    ["the browser gave", ada, 4000, ({ client }) => client.close(4000, "done")],
    ["OpenClaw gave", ben, 1008, ({ upstream }) => upstream.close(1008, "pairing required")],
    ["stands for none", cy, 1005, ({ client }) => client.close()],
    ["stands for a browser that is gone", dee, 1006, ({ client }) => client.terminate()],
    ["stands for an OpenClaw that is gone", eve, 1011, ({ upstream }) => upstream.terminate()],
  ])("has the code that %s, once", async (_name, email, closeCode, end) => {
    const both = await bridged(gateway, await as(email));
    const ended = Promise.all([closing(both.client), closing(both.upstream)]);
    end(both);
    await ended;
    await logged(gateway, { event: "socket", subject: `person:${email}`, closeCode });
    expect(linesOfSocket(email)).toMatchObject([{ closeCode, ms: expect.any(Number) }]);
  });
});

describe("a socket's life", () => {
  beforeAll(() => start({ SOCKET_MAX_SECONDS: "2", ROLES }));
  afterAll(stop);

  it("ends with its greatest age, on both sides, with a reason", async () => {
    const { client, upstream } = await bridged(gateway, await as(ada, { exp: now() + 3600 }));
    const expected = [4002, expect.stringContaining("greatest age")];
    expect(await Promise.all([closing(client), closing(upstream)])).toEqual([expected, expected]);
    await logged(gateway, { event: "socket", subject: `person:${ada}`, closeCode: 4002 });
  });

  it("ends with the sign-in where that is sooner", async () => {
    const { client, upstream } = await bridged(gateway, await as(ben, { exp: now() + 2 }));
    const expected = [4001, "The sign-in has expired. Reload the page."];
    expect(await Promise.all([closing(client), closing(upstream)])).toEqual([expected, expected]);
    await logged(gateway, { event: "socket", subject: `person:${ben}`, closeCode: 4001 });
  });

  it("does not begin with a sign-in that is over, however little", async () => {
    gateway.openclaw.reset();
    expect(await refusal(gateway, await as(cy, { exp: now() - 2 }))).toEqual([401, "ACCESS_TOKEN_EXPIRED"]);
    expect(gateway.openclaw.requests).toHaveLength(0);
  });
});
