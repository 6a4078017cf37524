import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../cloudflare/testing/account.ts";
import { createApi } from "./cloudflare-api.ts";
import type { Properties, ResourceKind } from "./protocol.ts";
import { workersScript } from "./workers-script.ts";

let cloudflare: TestCloudflare;
let script: ResourceKind;
const content = "export class Counter {} export default {};";
const migrations = { newTag: "v1", newSqliteClasses: ["Counter"] };
const inputsOf = (scriptName: string, more: Properties = {}): Properties => ({
  accountId: cloudflare.local.accountId,
  scriptName,
  mainModule: "worker.js",
  content,
  compatibilityDate: "2026-07-01",
  bindings: [{ type: "durable_object_namespace", name: "COUNTER", className: "Counter" }],
  ...more,
});
const create = (inputs: Properties) => script.create({ name: "script", urn: "urn", inputs, preview: false });
const update = (state: Properties, inputs: Properties) =>
  script.update({ id: String(inputs.scriptName), urn: "urn", state, inputs, preview: false });

beforeAll(async () => {
  cloudflare = await startTestCloudflare(142);
  const { apiUrl, apiToken } = cloudflare.local;
  script = workersScript(() => createApi({ apiToken, baseUrl: apiUrl }));
});
afterAll(() => cloudflare?.local.close());

it("uploads over a script that has made the class, and finds the binding as it sent it", async () => {
  await uploadScript(cloudflare, "made", content, {
    migrations: { new_tag: "v1", new_sqlite_classes: ["Counter"] },
  });
  const inputs = inputsOf("made");
  const { state } = await create(inputs);
  const again = await update(state, inputs);
  const read = await script.read("made", again, inputs);
  expect(read?.inputs).toEqual(inputs);
  expect(read?.state).toMatchObject({ migrationTag: "v1" });
});

it("repeats the migrations at an update, which the API refuses", async () => {
  const inputs = inputsOf("repeated", { migrations });
  const { state } = await create(inputs);
  expect((await script.read("repeated", state, inputs))?.inputs).toEqual(inputs);
  await expect(update(state, inputs)).rejects.toThrow(
    /412 Precondition Failed .*"code":10079,"message":"Migration tag precondition failed; current tag is v1"/,
  );
});

it("is told that a class has no migration", async () => {
  await expect(create(inputsOf("bound"))).rejects.toThrow(/400 Bad Request .*"code":10061/);
});
