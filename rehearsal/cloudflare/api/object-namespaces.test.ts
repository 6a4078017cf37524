import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { refusal } from "../testing/refusal.ts";

let cloudflare: TestCloudflare;
let account_id: string;
const handler = "export default { fetch: () => new Response() };";
const counter = `export class Counter {} ${handler}`;
const bindings = [{ type: "durable_object_namespace", name: "COUNTER", class_name: "Counter" }];
const migrations = { new_tag: "v1", new_sqlite_classes: ["Counter"] };
const upload = (metadata: Record<string, unknown>, source = counter) =>
  uploadScript(cloudflare, "d", source, metadata);
const read = async <T>(path: string): Promise<T> =>
  ((await cloudflare.client.get(`/accounts/${account_id}/workers/${path}`)) as { result: T }).result;
const remove = () => cloudflare.client.workers.scripts.delete("d", { account_id });

beforeAll(async () => {
  cloudflare = await startTestCloudflare(243);
  account_id = cloudflare.local.accountId;
}, 30_000);
afterEach(() => remove().catch(() => {}));
afterAll(() => cloudflare?.local.close());

it("refuses a binding to a class that no migration has made", { timeout: 20_000 }, async () => {
  expect(await refusal(upload({ bindings }))).toEqual([400, 10061]);
  await upload({ migrations });
  await upload({ bindings });
  const other = [{ ...bindings[0], class_name: "Other" }];
  expect(await refusal(upload({ bindings: other }))).toEqual([400, 10061]);
  await remove();
  expect(await refusal(upload({ bindings }))).toEqual([400, 10061]);
});

it("refuses the same migration twice, as an unchanged second update would send it", {
  timeout: 20_000,
}, async () => {
  await upload({ migrations });
  expect(await refusal(upload({ migrations }))).toEqual([412, 10079]);
  expect(await refusal(upload({ migrations: { ...migrations, old_tag: "v0", new_tag: "v2" } }))).toEqual([
    412, 10079,
  ]);
  expect(await refusal(upload({ migrations: { ...migrations, old_tag: "v1", new_tag: "v2" } }))).toEqual([
    412, 10074,
  ]);
});

it("refuses a class that the module does not export, new or with objects", { timeout: 20_000 }, async () => {
  expect(await refusal(upload({ migrations }, handler))).toEqual([400, 10070]);
  expect(cloudflare.local.resources()).toEqual([]);
  await upload({ migrations });
  expect(await refusal(upload({}, handler))).toEqual([403, 10064]);
  expect(await refusal(upload({}, "export class Counter {"))).toEqual([400, 10021]);
  const form = new FormData();
  form.append("metadata", JSON.stringify({ main_module: "worker.js" }));
  form.append("worker.js", new File([handler], "worker.js", { type: "application/javascript+module" }));
  const content = `/accounts/${account_id}/workers/scripts/d/content`;
  expect(await refusal(cloudflare.client.put(content, { body: form }))).toEqual([403, 10064]);
});

it("refuses classes without SQLite, and what it does not know how to do", { timeout: 20_000 }, async () => {
  expect(await refusal(upload({ migrations: { new_classes: ["Counter"] } }))).toEqual([400, 10097]);
  await upload({ migrations });
  const deletion = { old_tag: "v1", new_tag: "v2", deleted_classes: ["Counter"] };
  expect((await refusal(upload({ migrations: deletion })))[0]).toBe(501);
  const foreign = [{ ...bindings[0], script_name: "other" }];
  expect((await refusal(upload({ bindings: foreign })))[0]).toBe(501);
});

it("tells the migration tag and the namespace, which later uploads keep", { timeout: 20_000 }, async () => {
  const tag = async () =>
    (await read<{ default_environment: { script: { migration_tag?: string } } }>("services/d"))
      .default_environment.script.migration_tag;
  const namespace = async () =>
    (await read<{ bindings: { namespace_id?: string }[] }>("scripts/d/settings")).bindings[0];
  await upload({ migrations: { new_tag: "v1", steps: [{ new_sqlite_classes: ["Counter"] }] } });
  await upload({ bindings });
  expect(await tag()).toBe("v1");
  const first = await namespace();
  expect(first).toEqual({ ...bindings[0], namespace_id: expect.stringMatching(/^[0-9a-f]{32}$/) });
  await upload({ bindings });
  expect(await tag()).toBe("v1");
  expect(await namespace()).toEqual(first);
  await remove();
  await upload({ bindings, migrations });
  expect((await namespace())?.namespace_id).not.toBe(first?.namespace_id);
});
