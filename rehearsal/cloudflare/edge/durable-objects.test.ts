import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startTestCloudflare, type TestCloudflare, uploadScript } from "../testing/account.ts";
import { open, visit } from "../testing/browse.ts";

let folder: string;
let cloudflare: TestCloudflare;
let account_id: string;
const bindings = [{ type: "durable_object_namespace", name: "COUNTER", class_name: "Counter" }];
const migrations = { new_tag: "v1", new_sqlite_classes: ["Counter"] };
/** What makes the class before the script that binds it comes. */
const declaration = "export class Counter {} export default {};";
/** Counts at each request, by path; `?stream` counts, waits until somebody else has counted too, and counts again. */
const version = (name: string) => `
  import { DurableObject } from "cloudflare:workers";
  export class Counter extends DurableObject {
    constructor(state, env) {
      super(state, env);
      state.storage.sql.exec("CREATE TABLE IF NOT EXISTS counted (one)");
    }
    read() { return this.ctx.storage.sql.exec("SELECT count(*) AS n FROM counted").one().n; }
    add() { this.ctx.storage.sql.exec("INSERT INTO counted VALUES (1)"); return this.read(); }
  }
  export default {
    async fetch(request, env) {
      const { pathname, search } = new URL(request.url);
      const counter = env.COUNTER.getByName(pathname);
      const count = async () => "${name} " + (await counter.add());
      if (search !== "?stream") return new Response(await count());
      const { readable, writable } = new TransformStream();
      const writer = writable.getWriter();
      const stream = async () => {
        await writer.write(new TextEncoder().encode(await count()));
        while ((await counter.read()) < 2) await scheduler.wait(50);
        await writer.write(new TextEncoder().encode(await count()));
        await writer.close();
      };
      stream();
      return new Response(readable);
    },
  };`;
const publish = async (script: string, source: string, metadata: Record<string, unknown>) => {
  await uploadScript(cloudflare, script, source, metadata);
  await cloudflare.client.workers.scripts.subdomain.create(script, { account_id, enabled: true });
};
/** The class first, as the program makes it, and then the script that binds it. */
const make = async (script: string, source: string) => {
  await publish(script, declaration, { migrations });
  await publish(script, source, { bindings });
};
const urlOf = (script: string, path: string) =>
  `https://${script}.${cloudflare.local.workersSubdomain}.workers.dev${path}`;
const ask = async (script: string, path = "/a") =>
  (await visit(cloudflare.browser, urlOf(script, path))).body;
/** Folders in which objects have stored something. */
const stored = async () => {
  const [edge] = await readdir(folder);
  return readdir(join(folder, String(edge), "objects"));
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "durable-objects-"));
  cloudflare = await startTestCloudflare(244, { folder });
  account_id = cloudflare.local.accountId;
}, 30_000);
afterAll(async () => {
  await cloudflare?.local.close();
  expect(await readdir(folder)).toEqual([]);
  await rm(folder, { recursive: true, force: true });
});

it("keeps what objects store over the versions of their script, and clears it with the script", {
  timeout: 30_000,
}, async () => {
  await make("kept", version("first"));
  expect(await ask("kept")).toBe("first 1");
  expect(await ask("kept")).toBe("first 2");
  expect(await ask("kept", "/b")).toBe("first 1");
  await publish("kept", version("second"), { bindings });
  expect(await ask("kept")).toBe("second 3");
  await publish("kept", version("third"), { bindings });
  expect(await ask("kept")).toBe("third 4");
  expect(await stored()).toHaveLength(1);
  await cloudflare.client.workers.scripts.delete("kept", { account_id });
  expect(await stored()).toEqual([]);
  await make("kept", version("again"));
  expect(await ask("kept")).toBe("again 1");
});

it("gives each script objects of its own, though their classes have one name", {
  timeout: 30_000,
}, async () => {
  await make("one", version("one"));
  await make("two", version("two"));
  expect(await ask("one")).toBe("one 1");
  expect(await ask("two")).toBe("two 1");
});

it("lets a stream of the version before reach its object to the end", { timeout: 30_000 }, async () => {
  await make("replaced", version("old"));
  const stream = await open(cloudflare.browser, urlOf("replaced", "/a?stream"));
  const parts = stream[Symbol.asyncIterator]();
  expect(String((await parts.next()).value)).toBe("old 1");
  await publish("replaced", version("new"), { bindings });
  expect(await ask("replaced")).toBe("new 2");
  expect(String((await parts.next()).value)).toBe("old 3");
  expect(await ask("replaced")).toBe("new 4");
});
