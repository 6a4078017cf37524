import type { Hono } from "hono";
import * as z from "zod";
import type { Account, Kept } from "../account.ts";
import type { ScriptRuntime } from "../edge/runtime.ts";
import { hexId, timestamp } from "../identifiers.ts";
import { ApiError, parseBody } from "./envelope.ts";
import { serveFamily } from "./family.ts";

/** Codes of the KV API: 10013 no such namespace, 10014 the title is taken, 10009 no such key. 10001 is a guess. */
const codes = { invalid: 10001, unknown: 10013, taken: 10014, noKey: 10009 };
const body = z.looseObject({ title: z.string().min(1).max(512) });

/**
 * KV namespaces and the read of one value (https://developers.cloudflare.com/api/resources/kv/). Values are written by
 * Workers alone here, and stay for as long as one that binds the namespace is there.
 */
export function serveKvNamespaces(routes: Hono, account: Account, runtime: ScriptRuntime): void {
  const { kvNamespaces } = account;
  const path = "/storage/kv/namespaces";
  const read = (id: string, sent: unknown, createdAt: string): Kept => {
    const wanted = parseBody(body, sent, codes.invalid);
    if (kvNamespaces.find(({ id: other, name }) => name === wanted.title && other !== id))
      throw new ApiError(400, codes.taken, "a namespace with this account ID and title already exists");
    return { id, name: wanted.title, createdAt, updatedAt: timestamp(), sent: wanted };
  };
  serveFamily(routes, {
    path,
    collection: kvNamespaces,
    notFoundCode: codes.unknown,
    create: (sent) => read(hexId(), sent, timestamp()),
    update: (before, sent) => read(before.id, sent, before.createdAt),
    show: ({ id, name }) => ({ id, title: name, supports_url_encoding: true }),
  });
  // Answered as it is, in no envelope.
  routes.get(`${path}/:id/values/:key`, async (c) => {
    const { id, key } = c.req.param();
    if (!kvNamespaces.get(id)) throw new ApiError(404, codes.unknown, "get: namespace not found");
    const value = await runtime.kvValue(id, key);
    if (value === undefined) throw new ApiError(404, codes.noKey, "get: 'key not found'");
    return c.body(value, 200, { "content-type": "application/octet-stream" });
  });
}
