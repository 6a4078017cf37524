import { AUDIENCE, TEAM_DOMAIN } from "./access.ts";

export const GATEWAY_TOKEN = "gateway-token-of-the-test";

/** A whole environment, as the program binds it; limits are off. */
export const BINDINGS = {
  TEAM_DOMAIN,
  POLICY_AUD: AUDIENCE,
  OPENCLAW_GATEWAY_TOKEN: GATEWAY_TOKEN,
  SIGN_IN: "token",
  STACK: "test",
  ROLES: JSON.stringify({
    people: { "ada@example.com": "owner", "mel@example.com": "member", "@guests.example": "guest" },
    services: { "0123.access": { name: "cli", role: "member" } },
    agents: { guest: ["web"] },
  }),
  QUOTAS: "{}",
  ACCESS_COOKIE: "false",
  RATE_LIMIT_ENABLED: "false",
  API_ENDPOINTS: "",
  MAX_BODY_BYTES: String(1024 * 1024),
  SOCKET_MAX_SECONDS: "3600",
  SOCKETS_PER_IDENTITY: "10",
  CORS_ORIGINS: "",
  FORCE_HTTPS: "true",
  LOG_LEVEL: "info",
  LOG_SECURITY_EVENTS: "true",
  ENABLE_AUDIT_LOG: "true",
} as const;
