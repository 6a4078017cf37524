import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { startFakeHost } from "../../rehearsal/providers/testing/fake-host.ts";
import { apiKey } from "./api-key.ts";
import { finish } from "./finish.ts";
import { rotate } from "./rotate.ts";
import { readScene } from "./scene.ts";
import { fakeStack, leastConfig, refusedByAccess } from "./testing/fake-stack.ts";
import { tunnelToken } from "./tunnel-token.ts";
import { farewell } from "./words.ts";

const old = "old-key-0123456789-0123456789-0123456789";
const connector = "9b7ad2c4-0000-4000-8000-000000000001";

/** As much of Cloudflare as the tunnel's token asks: the token itself, and the tunnel's connections. */
async function startAccount() {
  const account = {
    url: "",
    token: "token-1",
    connected: [connector],
    /** What the Pi's connector does once its connections were ended. */
    comesBack: true,
    asked: [] as string[],
  };
  const server = createServer(({ method, url = "" }, response) => {
    const path = /cfd_tunnel\/(.*)$/.exec(url)?.[1] ?? "";
    account.asked.push(`${method} ${path}`);
    if (method === "DELETE") account.connected = account.comesBack ? [connector] : [];
    const listed = account.connected.map((id) => ({ id, conns: [{ origin_ip: "192.0.2.1" }] }));
    const result = path.endsWith("/token") ? account.token : method === "GET" ? listed : {};
    response.setHeader("content-type", "application/json").end(JSON.stringify({ success: true, result }));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  account.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return account;
}

/** A stack that no program can sign in at, since it has no service token. */
async function home(own: Record<string, unknown> = {}) {
  const [account, host] = [await startAccount(), await startFakeHost()];
  onTestFinished(() => host.close());
  const pi = { refusesOld: true, connectorId: connector as string | undefined };
  host.reply = (command) => {
    if (command.includes(" connector-id "))
      return { stdout: JSON.stringify({ connectorId: pi.connectorId }) };
    if (command.includes(" tunnel-token ")) return { stdout: JSON.stringify({ refused: pi.refusesOld }) };
    return { status: 1, stderr: `it has no ${command}` };
  };
  const fake = await fakeStack({
    ...leastConfig,
    "cloudflare:baseUrl": account.url,
    "openclaw-gateway:serviceTokens": [],
    "openclaw-gateway:pi": {
      host: "127.0.0.1",
      port: host.port,
      hostKey: host.hostKey.split(" ").slice(0, 2).join(" "),
      privateKey: host.privateKey,
    },
    ...own,
  });
  onTestFinished(() => fake.remove());
  const walks: string[] = [];
  fake.answer = (secret) => {
    walks.push(secret);
    return refusedByAccess;
  };
  return { fake, account, pi, walks };
}

describe("without a service token the tunnel's token", () => {
  test("is proven by the Pi's connector, which is back at Cloudflare once all connections were ended", async () => {
    const { fake, account, walks } = await home();
    fake.onUp = () => {
      account.token = "token-2";
    };
    const outcome = await rotate(fake.stack, [tunnelToken], 24, fake.around);
    expect(outcome).toEqual({
      rotated: [
        { target: "tunnel-token", seen: expect.stringContaining(`connector ${connector} is connected`) },
      ],
      ended: ["tunnel-token"],
      untried: [],
    });
    expect(account.asked.map((one) => one.replace("tunnel-of-the-test/", ""))).toEqual([
      "GET token",
      "GET token",
      "DELETE connections",
      "GET connections",
    ]);
    const words = farewell("home", outcome, [tunnelToken]);
    expect(words).toContain("no request was made through it");
    expect(words).not.toContain("the new one works");
    expect(walks).toEqual([]);
  });

  test.each([
    ["does not come back", connector, false, `the Pi's connector ${connector} is not connected`],
    ["is another one than Cloudflare has", "another", true, "the Pi's connector another is not connected"],
    ["does not run", undefined, true, "no connector runs on the Pi"],
  ])("is not proven where the Pi's connector %s", async (_what, connectorId, comesBack, words) => {
    const { fake, account, pi } = await home();
    fake.onUp = () => {
      account.token = "token-2";
    };
    Object.assign(pi, { connectorId });
    account.comesBack = comesBack;
    const rotating = rotate(fake.stack, [tunnelToken], 24, fake.around);
    await expect(rotating).rejects.toThrow("ROTATION_UNPROVEN");
    await expect(rotating).rejects.toThrow(words);
    expect((await readScene(fake.stack)).record.pending["tunnel-token"]?.phase).toBe("building");
  });

  test("is not ended where the old one is let in", async () => {
    const { fake, account, pi } = await home();
    fake.onUp = () => {
      account.token = "token-2";
    };
    pi.refusesOld = false;
    await expect(rotate(fake.stack, [tunnelToken], 24, fake.around)).rejects.toThrow("ROTATION_OLD_ACCEPTED");
  });
});

test("a tunnel's token that Cloudflare gives out as before is not new, and the next run makes another one", async () => {
  const { fake, account } = await home();
  const rotating = rotate(fake.stack, [tunnelToken], 24, fake.around);
  await expect(rotating).rejects.toThrow(/^ROTATION_NOT_NEW.*the same one out as before/s);
  await expect(rotating).rejects.toThrow("npm run rotate -- --stack home tunnel-token");
  expect(account.asked.join()).not.toContain("DELETE");
  const secretNow = async () =>
    ((await fake.config())["openclaw-gateway:tunnel"] as { secret: string }).secret;
  const first = await secretNow();
  fake.onUp = () => {
    account.token = "token-2";
  };
  expect(await rotate(fake.stack, [tunnelToken], 24, fake.around)).toMatchObject({ ended: ["tunnel-token"] });
  expect(await secretNow()).not.toBe(first);
});

test("a reused tunnel's token is neither changed nor read", async () => {
  const id = "00000000-0000-4000-8000-000000000001";
  const { fake, account } = await home({ "openclaw-gateway:tunnel": { id } });
  const before = await fake.config();
  const rotating = rotate(fake.stack, [tunnelToken], 24, fake.around);
  await expect(rotating).rejects.toThrow(`ROTATION_NOT_POSSIBLE: the stack reuses the tunnel ${id}`);
  await expect(rotating).rejects.toThrow("replace it where the tunnel was made");
  expect(account.asked).toEqual([]);
  expect(fake.calls).not.toContain("up");
  expect(await fake.config()).toEqual(before);
});

describe("without a service token the API key", () => {
  /** The Worker as the state has it: the keys by their SHA-256, as an up has last brought them. */
  async function withKey() {
    const made = await home({ "openclaw-gateway:apiKeys": { current: old } });
    const { fake } = made;
    const keys = async () =>
      (await fake.config())["openclaw-gateway:apiKeys"] as { current: string; previous?: string };
    let bound: string[] = [];
    const hash = (key: string) => createHash("sha256").update(key).digest("hex");
    fake.onUp = async () => {
      const { current, previous } = await keys();
      bound = [current, previous].filter((key) => key !== undefined).map(hash);
    };
    fake.resources = () => [
      {
        urn: "urn::cloudflare:index/workersScript:WorkersScript::home-script",
        outputs: {
          bindings: { plaintext: JSON.stringify([{ name: "WEB_API_KEY", text: bound.join(",") }]) },
        },
      },
    ];
    return { ...made, keys };
  }

  test("is seen in what Cloudflare has taken, and the old one gone from it; that no request tried either is said", async () => {
    const { fake, walks } = await withKey();
    const outcome = await rotate(fake.stack, [apiKey], 24, fake.around);
    expect(outcome).toMatchObject({
      rotated: [{ target: "api-key", seen: expect.stringContaining("no request has tried it") }],
      ended: [],
    });
    fake.now = new Date("2030-01-03T00:00:00Z");
    const over = await finish(fake.stack, [apiKey], fake.around);
    expect(over).toMatchObject({
      ended: [],
      untried: [{ target: "api-key", why: expect.stringContaining("the Worker without it") }],
    });
    expect(farewell("home", over, [apiKey])).not.toContain("refused");
    expect(walks).toEqual([]);
    expect((await readScene(fake.stack)).record).toMatchObject({ pending: {}, kept: {} });
  });

  test("is not proven where the Worker was built without it", async () => {
    const { fake, keys } = await withKey();
    fake.onUp = () => {};
    await expect(rotate(fake.stack, [apiKey], 24, fake.around)).rejects.toThrow("ROTATION_UNPROVEN");
    expect(await keys()).toMatchObject({ previous: old });
  });

  test("is not ended where the Worker has the old one still", async () => {
    const { fake } = await withKey();
    await rotate(fake.stack, [apiKey], 24, fake.around);
    fake.onUp = () => {};
    await expect(finish(fake.stack, [apiKey], fake.around)).rejects.toThrow("ROTATION_OLD_ACCEPTED");
  });
});
