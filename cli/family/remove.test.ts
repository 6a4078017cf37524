import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { checkConfig, type GatewayConfig } from "../../infra/config.ts";
import { startTestCloudflare, type TestCloudflare } from "../../rehearsal/cloudflare/testing/account.ts";
import { ensureEngine } from "../../rehearsal/engine/index.ts";
import { quiet } from "../../rehearsal/progress.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { type Desk, newDesk } from "../init/testing/desk.ts";
import { Interrupted } from "../interruption.ts";
import { readStackConfig } from "../rotate/open-stack.ts";
import type { StackOfFamily } from "./household.ts";
import { apiWith } from "./look.ts";
import type { Removal } from "./removal.ts";
import { inTurn } from "./removal-steps.ts";
import { planForPerson } from "./remove-person.ts";
import { planForStack } from "./remove-stack.ts";
import { type DevicesPi, startDevicesPi } from "./testing/devices-pi.ts";

// A removal with the real Pulumi, the local Cloudflare and a Pi's devices; the up and the destroy alone are the test's.
let cloudflare: TestCloudflare;
let pi: DevicesPi;
let desk: Desk;
let removal: Removal;
/** What the engine does next. */
let run: Removal["run"];
let ended: number;

const again = "npm run family -- remove home";
const file = () => join(desk.project, "Pulumi.home.yaml");
const endedSince = () => cloudflare.local.revokedPeople.slice(ended);
const stop = new AbortController();
const onWay = (signal = new AbortController().signal) => ({ progress: quiet, signal, again });

/** The config as it stands in the file now. */
const configNow = async (): Promise<GatewayConfig> => {
  const { own } = await readStackConfig({ name: "home", ref: "home", file: file(), pulumi: removal.pulumi });
  return checkConfig("home", own);
};

beforeAll(async () => {
  cloudflare = await startTestCloudflare(246);
  pi = await startDevicesPi();
  desk = await newDesk(cloudflare.local.apiUrl);
  const env = {
    PULUMI_BACKEND_URL: desk.backend,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_HOME: join(desk.home, ".pulumi"),
  };
  const pulumi = pulumiOf(await ensureEngine(quiet), desk.project, env);
  await pulumi(["stack", "init", "home", "--no-select"]);
  const { local } = cloudflare;
  removal = {
    stack: { name: "home", ref: "home", backend: desk.backend, env, file: file() },
    others: [],
    config: {} as GatewayConfig,
    api: apiWith(local.apiToken, local.apiUrl),
    pulumi,
    run: (...told) => run(...told),
    signal: stop.signal,
  };
}, 60_000);
afterAll(async () => {
  await desk?.clear();
  await pi?.close();
  await cloudflare?.local.close();
});

beforeEach(async () => {
  ended = cloudflare.local.revokedPeople.length;
  run = async () => {};
  const salt = /^encryptionsalt:.*$/m.exec(await readFile(file(), "utf8"))?.[0];
  const config = {
    accountId: cloudflare.local.accountId,
    pi: { ...pi.config, privateKey: pi.host.privateKey },
    access: { emails: ["ann@example.com", "Eve@Example.com"], emailDomains: ["example.com"] },
    roles: { owners: ["ann@example.com"], guests: ["eve@example.com", "@example.com"] },
    serviceTokens: [{ name: "cli" }, { name: "phone" }],
  };
  const keys = Object.entries(config).map(([key, value]) => [`openclaw-gateway:${key}`, value]);
  await writeFile(file(), `${salt ?? ""}\nconfig: ${JSON.stringify(Object.fromEntries(keys))}\n`);
  Object.assign(removal, { others: [], config: checkConfig("home", config) });
});

/** Another stack of the family. */
async function another(
  name: string,
  config: object,
  env: Record<string, string> = {},
): Promise<StackOfFamily> {
  const path = join(desk.project, `Pulumi.${name}.yaml`);
  const keys = Object.entries(config).map(([key, value]) => [`openclaw-gateway:${key}`, value]);
  await writeFile(path, JSON.stringify({ config: Object.fromEntries(keys) }));
  return { name, ref: name, backend: desk.backend, env, file: path };
}

test("a removal of a person that an up has stopped ends their sessions, and the same again goes on", async () => {
  const order: string[] = [];
  run = async () => {
    order.push(`up after ${endedSince().length}`);
    throw new Error("PI_UNREACHABLE: the Pi is off");
  };
  const failed = await inTurn((await planForPerson("eve@example.com", removal)).steps, onWay()).catch(String);
  expect(failed).toMatch(
    /REMOVAL_STOPPED: bringing home up .* failed: PI_UNREACHABLE.*\n +done: taking eve@.*; ending the sessions of eve@example.com; .* once more\n +not done: bringing home up without them; noting .*\n +until home is built .* log in again\n +mend what it names, .*: npm run family -- remove home$/,
  );
  expect(endedSince()).toEqual(["eve@example.com", "eve@example.com"]);
  const config = await configNow();
  expect([config.access.emails, config.roles.guests]).toEqual([["ann@example.com"], ["@example.com"]]);

  Object.assign(removal, { config });
  run = async (operation) => void order.push(`${operation} after ${endedSince().length}`);
  const { steps, remains } = await planForPerson("eve@example.com", removal);
  expect(await inTurn(steps, onWay())).toEqual([]);
  expect(order).toEqual(["up after 1", "up after 3"]);
  expect(endedSince()).toEqual(Array(4).fill("eve@example.com"));
  expect(remains.join("\n")).toMatch(
    /\neve@example\.com may log in at home again: .* everyone of example\.com\./,
  );
  // Done is done: after that nobody of the name is there.
  await expect(planForPerson("eve@example.com", removal)).rejects.toThrow("PERSON_UNKNOWN");
  expect(await readFile(file(), "utf8")).not.toMatch(/eve@|removal/i);
});

test("tells what whoever was removed may hold, each with the line that makes it worthless", async () => {
  Object.assign(removal, {
    others: [
      await another("mia", {
        accountId: cloudflare.local.accountId,
        access: { emails: ["Eve@example.com"] },
      }),
      await another("ben", {
        access: {
          emails: ["ben@example.com"],
          groups: [`${"a".repeat(8)}-aaaa-4aaa-8aaa-${"a".repeat(12)}`],
        },
      }),
    ],
  });
  const { remains } = await planForPerson("eve@example.com", removal);
  const text = remains.join("\n");
  expect(text).toContain("eve@example.com is a person of the stack mia too");
  expect(text).toMatch(/eve@example\.com may log in at ben again if an Access group/);
  for (const line of [
    "npm run rotate -- --stack home service-token:cli --overlap 0; npm run rotate -- --stack home service-token:phone --overlap 0",
    "npm run rotate -- --stack home gateway-token",
    "npm run family -- devices home",
  ])
    expect(text).toContain(line);
  expect(text).not.toContain("api-key");
});

test("Ctrl-C says what is done and what not, and begins nothing further", async () => {
  const interruption = new AbortController();
  run = async () => {
    interruption.abort();
    throw new Interrupted();
  };
  const { steps } = await planForPerson("eve@example.com", removal);
  const error = await inTurn(steps, onWay(interruption.signal)).catch((one: Error) => one);
  expect(error).toBeInstanceOf(Interrupted);
  expect((error as Error).message).toMatch(
    /^Interrupted\.\n {2}done: taking .*; ending the sessions of eve@example\.com\n {2}not done: bringing home up without them; ending .* once more; noting .*\n.*\n {2}to go on: npm run family -- remove home$/,
  );
  expect(endedSince()).toEqual(["eve@example.com"]);
});

test("a removal of a stack throws its devices out first, and again after a destroy that failed", async () => {
  await pi.has({
    pending: [{ requestId: "r-1", deviceId: "d-9" }],
    paired: [{ deviceId: "d-1" }, { deviceId: "d-2" }],
  });
  run = async () => {
    expect((await pi.devices()).paired).toEqual([]);
    throw new Error("Service unavailable");
  };
  const { steps } = await planForStack(removal);
  await expect(inTurn(steps, onWay())).rejects.toThrow(/not done: destroying home; removing the stack/);
  expect(await pi.asked()).toEqual([
    "devices list --json",
    "devices remove d-1 --json",
    "devices remove d-2 --json",
  ]);
  expect(endedSince()).toEqual(["ann@example.com", "eve@example.com"]);

  await pi.has({ paired: [{ deviceId: "d-3" }] });
  run = async () => {};
  const pulumi = vi.fn(async () => "");
  const second = await planForStack({
    ...removal,
    pulumi: Object.assign(pulumi, { with: () => removal.pulumi }),
  });
  expect(await inTurn(second.steps, onWay())).toEqual([]);
  expect((await pi.devices()).paired).toEqual([]);
  expect(endedSince().slice(2)).toEqual(["ann@example.com", "eve@example.com"]);
  expect(pulumi).toHaveBeenCalledExactlyOnceWith(["stack", "rm", "home", "--yes"]);
});

test("names what goes on to need something of a stack that was removed", async () => {
  const PULUMI_CONFIG_PASSPHRASE_FILE = join(desk.home, "family.passphrase");
  const alerts = { alerts: { emails: ["ann@example.com"] } };
  Object.assign(removal, {
    stack: { ...removal.stack, env: { ...removal.stack.env, PULUMI_CONFIG_PASSPHRASE_FILE } },
    others: [
      await another(
        "mia",
        { accountId: cloudflare.local.accountId, access: { emails: ["eve@example.com"] } },
        { PULUMI_CONFIG_PASSPHRASE_FILE },
      ),
      await another("alerts", { shared: { gateways: ["mia", "home"], ...alerts } }),
      await another("alone", { shared: { gateways: ["home"], ...alerts } }),
    ],
  });
  const { steps, remains } = await planForStack(removal);
  const text = remains.join("\n");
  expect(text).toMatch(
    /shared stack alerts, which lists home: npx pulumi config rm --stack alerts --path 'openclaw-gateway:shared\.gateways\[1\]'; npx pulumi up --stack alerts\n/,
  );
  expect(text).toMatch(
    /shared stack alone, which lists home and nothing else: npm run family -- destroy alone\n/,
  );
  expect(text).toContain(
    `The passphrase in ${PULUMI_CONFIG_PASSPHRASE_FILE}: keep it, the secrets of mia are`,
  );
  expect(steps.map(({ name }) => name)).not.toContain("ending the sessions of eve@example.com");
});
