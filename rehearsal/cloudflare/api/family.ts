import type { Hono } from "hono";
import type { Collection, Entry } from "../collection.ts";
import { ApiError, answer, answerList } from "./envelope.ts";

export interface FamilyLimit {
  readonly most: number;
  readonly refusal: ApiError;
}

/** One kind of resource behind the five usual routes of the API. */
export interface Family<T extends Entry> {
  /** Below `/accounts/{account_id}`: `/access/policies`. */
  readonly path: string;
  readonly collection: Collection<T>;
  /** Cloudflare's code for an id that does not exist (404). */
  readonly notFoundCode: number;
  /** How many the account may have, and the refusal of one more. */
  readonly limit?: FamilyLimit;
  /** Makes the entry of a POST; throws an ApiError for a body that the real API refuses. */
  create(body: unknown): T | Promise<T>;
  /** Makes what the entry becomes by a PUT. */
  update(entry: T, body: unknown): T | Promise<T>;
  /** How GET shows it. */
  show(entry: T): unknown;
  /** How POST and PUT show it, when they tell more than GET (secrets are told once). */
  showChanged?(entry: T, before: T | undefined): unknown;
  /** Throws an ApiError when something still needs the entry. */
  refuseDelete?(entry: T): void;
}

/** Serves list, create, read, update and delete of a family on the account's routes. */
export function serveFamily<T extends Entry>(routes: Hono, family: Family<T>): void {
  const { path, collection } = family;
  const one = (id: string): T => {
    const entry = collection.get(id);
    if (!entry) throw new ApiError(404, family.notFoundCode, `${collection.kind} not found`);
    return entry;
  };
  const showChanged = (entry: T, before: T | undefined) => (family.showChanged ?? family.show)(entry, before);

  routes.get(path, (c) =>
    answerList(
      c,
      collection.list().map((entry) => family.show(entry)),
    ),
  );
  routes.post(path, async (c) => {
    const entry = await family.create(await c.req.json());
    if (family.limit && collection.list().length >= family.limit.most) throw family.limit.refusal;
    collection.put(entry);
    return answer(c, showChanged(entry, undefined));
  });
  routes.get(`${path}/:id`, (c) => answer(c, family.show(one(c.req.param("id")))));
  routes.put(`${path}/:id`, async (c) => {
    const before = one(c.req.param("id"));
    const entry = collection.put(await family.update(before, await c.req.json()));
    return answer(c, showChanged(entry, before));
  });
  routes.delete(`${path}/:id`, (c) => {
    const entry = one(c.req.param("id"));
    family.refuseDelete?.(entry);
    collection.delete(entry.id);
    return answer(c, { id: entry.id });
  });
}
