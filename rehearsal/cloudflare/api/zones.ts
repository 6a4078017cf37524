import type { Hono } from "hono";
import type { Account, Zone } from "../account.ts";
import { ApiError, answer, answerList } from "./envelope.ts";

/** What lies outside `/accounts/{account_id}`: the token's check, the accounts and the zones. */
export function serveRoot(api: Hono, account: Account): void {
  const showAccount = { id: account.id, name: account.workersSubdomain, type: "standard", settings: {} };
  const showZone = (zone: Zone) => ({
    id: zone.id,
    name: zone.name,
    status: "active",
    type: "full",
    paused: false,
    account: { id: account.id, name: account.workersSubdomain },
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
  });
  api.get("/user/tokens/verify", (c) => answer(c, { id: account.id, status: "active" }));
  api.get("/accounts", (c) => answerList(c, [showAccount]));
  api.get("/accounts/:account", (c) => answer(c, showAccount));
  api.get("/zones", (c) => {
    const name = c.req.query("name");
    return answerList(
      c,
      account.zones
        .list()
        .filter((zone) => name === undefined || zone.name === name)
        .map(showZone),
    );
  });
  api.get("/zones/:id", (c) => {
    const zone = account.zones.get(c.req.param("id"));
    if (!zone)
      throw new ApiError(
        404,
        7003,
        `Could not route to ${c.req.path}, perhaps your object identifier is invalid?`,
      );
    return answer(c, showZone(zone));
  });
}
