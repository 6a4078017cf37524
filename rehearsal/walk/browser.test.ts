import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare } from "../cloudflare/testing/account.ts";
import type { Stage } from "../stage.ts";
import { openArtefacts } from "./artefacts.ts";
import { openBrowser, type WalkBrowser } from "./browser.ts";

let cloudflare: TestCloudflare;
let browser: WalkBrowser;
let folder: string;
const secret = "b8f1-a-gateway-token";
const session = ["header", "claims", "signature"]
  .map((part) => Buffer.from(JSON.stringify({ part })).toString("base64url"))
  .join(".");

beforeAll(async () => {
  cloudflare = await startTestCloudflare(213);
  folder = await mkdtemp(join(tmpdir(), "walk-"));
  const { ca, local } = cloudflare;
  browser = await openBrowser({ ca, cloudflare: local } as Stage, {
    hostname: `openclaw.${local.workersSubdomain}.workers.dev`,
    artefacts: await openArtefacts(folder),
    secrets: [secret],
  });
});
afterAll(async () => {
  await browser?.close();
  await cloudflare?.local.close();
  await rm(folder, { recursive: true, force: true });
});

it("numbers its pictures, and keeps what a failing page showed, said and asked for, without secrets", async () => {
  const inbox = `https://${cloudflare.local.teamDomain}/rehearsal/inbox`;
  const page = await browser.pageOf("owner@example.com");
  expect(await browser.pageOf("owner@example.com")).toBe(page);
  await page.goto(`${inbox}?email=owner@example.com#token=${secret}`);
  await browser.picture(page, "inbox");
  const failure = await browser
    .attempt("The inbox, once more", async () => {
      await page.evaluate((text) => console.error(text), `a token: ${secret}, a session: ${session}`);
      await page.goto(`https://${cloudflare.local.teamDomain}:4443/#token=${secret}`);
    })
    .then(
      () => undefined,
      (error: Error) => error.message,
    );
  expect(failure).toContain(":4443/#token=(secret)");
  expect(failure).toContain(folder);
  const kept = await readdir(folder);
  expect(kept.sort()).toEqual([
    "01-inbox.png",
    "failed-the-inbox-once-more-1.png",
    "failed-the-inbox-once-more.log",
  ]);
  const log = await readFile(join(folder, "failed-the-inbox-once-more.log"), "utf8");
  expect(log).toContain(`owner@example.com: 200 GET ${inbox}\n`);
  expect(log).toContain("console error: a token: (secret), a session: (session)");
  expect(log + failure).not.toContain(secret);
  expect(log + failure).not.toContain(session);
});

it("reaches the edge and nothing else of the machine, whose coming and going networks it does not see", async () => {
  const neighbour = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
  await once(neighbour, "listening");
  try {
    const { port } = neighbour.address() as AddressInfo;
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(200);
    const page = await browser.pageOf("neighbour@example.com");
    await page.goto(`https://${cloudflare.local.teamDomain}/rehearsal/inbox`);
    expect(await page.evaluate(() => navigator.onLine)).toBe(true);
    await expect(page.goto(`http://127.0.0.1:${port}/`)).rejects.toThrow("ERR_CONNECTION_REFUSED");
  } finally {
    neighbour.close();
  }
});
