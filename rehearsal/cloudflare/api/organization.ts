import type { Hono } from "hono";
import * as z from "zod";
import type { Account } from "../account.ts";
import { invalidRequest } from "./access-rules.ts";
import { answer, answerList, parseBody } from "./envelope.ts";

/**
 * The Zero Trust organization, read only, and the revocation of a person: A/access/organizations; and the device posture
 * checks, which are listed alone: A/devices/posture.
 */
export function serveOrganization(routes: Hono, account: Account, onRevoke: (email: string) => void): void {
  routes.get("/access/organizations", (c) =>
    answer(c, {
      name: account.teamDomain.split(".")[0],
      auth_domain: account.teamDomain,
      session_duration: "24h",
      strict_service_token_auth: account.strictServiceTokenAuth,
      auto_redirect_to_identity: false,
      is_ui_read_only: false,
      login_design: {},
      mfa_required_for_all_apps: false,
      ...(account.authenticators.length > 0 && {
        mfa_config: { allowed_authenticators: account.authenticators, session_duration: "24h" },
      }),
    }),
  );
  routes.get("/devices/posture", (c) =>
    answerList(
      c,
      account.postures.map((one) => ({ ...one, type: "firewall", input: {}, match: [] })),
    ),
  );
  routes.post("/access/organizations/revoke_user", async (c) => {
    onRevoke(parseBody(z.looseObject({ email: z.email() }), await c.req.json(), invalidRequest).email);
    return answer(c, true);
  });
}
