import type { Context, Hono } from "hono";
import type { Account, Zone } from "../account.ts";
import { allows, tokenOf } from "./authenticate.ts";
import { ApiError, answer, answerList } from "./envelope.ts";

/** What lies outside `/accounts/{account_id}`: the token's check, the accounts and the zones. */
export function serveRoot(api: Hono, account: Account): void {
  const showAccount = { id: account.id, name: account.workersSubdomain, type: "standard", settings: {} };
  const showZone = (zone: Zone) => ({
    id: zone.id,
    name: zone.name,
    status: zone.status,
    type: "full",
    paused: false,
    account: { id: account.id, name: account.workersSubdomain },
    name_servers: ["ada.ns.cloudflare.com", "bob.ns.cloudflare.com"],
  });
  // Each kind of token has its own address; authenticate.ts refuses the other kind.
  for (const path of ["/user/tokens/verify", "/accounts/:account/tokens/verify"])
    api.get(path, (c) => {
      const { id, state } = tokenOf(c);
      return answer(c, { id, status: state });
    });
  api.get("/accounts", (c) => {
    // https://developers.cloudflare.com/fundamentals/api/get-started/account-owned-tokens/; the code from reports.
    if (tokenOf(c).kind === "account") throw new ApiError(400, 1001, "Invalid API Token type");
    return answerList(c, [showAccount]);
  });
  api.get("/accounts/:account", (c) => answer(c, showAccount));
  const requireZoneRead = (c: Context) => {
    if (allows(c, "Zone Read")) return;
    const actor = `com.cloudflare.api.token.${tokenOf(c).id}`;
    throw new ApiError(
      403,
      0,
      `Actor '${actor}' requires permission 'com.cloudflare.api.account.zone.list' to list zones`,
    );
  };
  api.get("/zones", (c) => {
    requireZoneRead(c);
    const { name, "account.id": accountId } = c.req.query();
    return answerList(
      c,
      account.zones
        .list()
        .filter((zone) => name === undefined || zone.name === name)
        .filter(() => accountId === undefined || accountId === account.id)
        .map(showZone),
    );
  });
  api.get("/zones/:id", (c) => {
    requireZoneRead(c);
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
