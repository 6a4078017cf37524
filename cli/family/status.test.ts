import { expect, test } from "vitest";
import type { Sight } from "./look.ts";
import { isWell, statusTable } from "./status.ts";

const now = Date.parse("2026-10-10T12:00:00Z");

test("shows of each stack what the probe found last, how old its tokens are, and what a shared stack watches", () => {
  const built = { isBuilt: true, gateway: "ready", tunnel: "healthy", url: "https://mia.example.com" };
  const cli = { target: "service-token:cli", maxDays: 180 };
  const table = statusTable(
    [
      {
        ...{ stack: "alerts", isBuilt: true },
        offers: { watches: ["mia", "ben"], groups: ["family"], loginMethods: ["GitHub"] },
      },
      { stack: "ben", isBuilt: false, lastProbe: { found: "TUNNEL_DOWN", at: "2026-10-10T07:00:00Z" } },
      {
        ...{ stack: "mia", ...built, pending: 2 },
        lastProbe: { found: "ready", at: "2026-10-10T11:57:30Z" },
        secrets: [
          { ...cli, days: 9, expiresAt: "2026-11-01T12:00:00Z", due: false, words: "" },
          { ...cli, target: "service-token:car", expiresAt: "2027-11-01T12:00:00Z", due: false, words: "" },
          { target: "tunnel-token", days: 200, maxDays: 180, due: true, words: "older than 180 days" },
        ],
      },
    ],
    now,
  );
  const [rows = "", ...below] = table.split("\n\n");
  expect(rows.split("\n").map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
    [
      ...["stack", "gateway", "last probe", "tunnel", "OpenClaw", "cloudflared", "last change"],
      ...["oldest secret", "first end", "pending", "URL"],
    ],
    ["alerts", "watches mia, ben; groups family; logins GitHub"],
    ["ben", "not built", "TUNNEL_DOWN, 5 h ago"],
    ["mia", "ready", "ready, 2 min ago", "healthy", "200 days", "in 22 days", "2", "https://mia.example.com"],
  ]);
  expect(below).toEqual([
    "mia: tunnel-token: older than 180 days: npm run rotate -- --stack mia tunnel-token",
  ]);
});

test("takes a gateway for well that is ready and has no stranger for a connector", () => {
  const built = { stack: "mia", isBuilt: true, tunnel: "healthy" };
  expect(isWell({ ...built, gateway: "ready" })).toBe(true);
  expect(isWell({ ...built, gateway: "ready", tunnel: "degraded" })).toBe(true);
  expect(isWell({ ...built, gateway: "TUNNEL_DOWN" })).toBe(false);
  expect(isWell({ ...built, gateway: "ready", strangers: ["x from 192.0.2.1"] })).toBe(false);
  expect(isWell({ ...built, gateway: "ready", trouble: "no answer" })).toBe(false);
  expect(isWell({ stack: "mia", isBuilt: false })).toBe(true);
  expect(
    isWell({ ...built, tunnel: undefined, offers: { watches: [], groups: [], loginMethods: [] } } as Sight),
  ).toBe(true);
});

test("has nothing but the tunnel to go by where a stack has no token to ask with", () => {
  const built = { stack: "mia", isBuilt: true };
  expect(isWell({ ...built, tunnel: "healthy" })).toBe(true);
  expect(isWell({ ...built, tunnel: "degraded" })).toBe(false);
  expect(isWell(built)).toBe(false);
  expect(statusTable([{ ...built, tunnel: "healthy" }], now)).toContain("no token to ask with");
});
