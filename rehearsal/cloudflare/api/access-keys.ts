import type { Hono } from "hono";
import * as z from "zod";
import type { SigningKeys } from "../access/keys.ts";
import { invalidRequest } from "./access-rules.ts";
import { answer, parseBody } from "./envelope.ts";

/** Six weeks (https://developers.cloudflare.com/cloudflare-one/access-controls/applications/http-apps/authorization-cookie/validating-json/). */
const defaultIntervalDays = 42;
const body = z.looseObject({ key_rotation_interval_days: z.int().min(21).max(365) });

/** How often the signing keys change, and their change at once: A/access/keys. */
export function serveAccessKeys(routes: Hono, keys: SigningKeys): void {
  let intervalDays = defaultIntervalDays;
  const show = () => ({
    key_rotation_interval_days: intervalDays,
    last_key_rotation_at: keys.rotatedAt,
    days_until_next_rotation: intervalDays,
  });
  routes.get("/access/keys", (c) => answer(c, show()));
  routes.put("/access/keys", async (c) => {
    intervalDays = parseBody(body, await c.req.json(), invalidRequest).key_rotation_interval_days;
    return answer(c, show());
  });
  routes.post("/access/keys/rotate", async (c) => {
    await keys.rotate();
    return answer(c, show());
  });
}
