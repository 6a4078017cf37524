import { expect, test } from "vitest";
import { statusTable } from "./status.ts";

const now = Date.parse("2026-10-10T12:00:00Z");

test("shows of each stack what the probe found last, how old its tokens are, and what a shared stack watches", () => {
  const built = { isBuilt: true, gateway: "ready", tunnel: "healthy", url: "https://mia.example.com" };
  const table = statusTable(
    [
      { stack: "alerts", isBuilt: true, watches: ["mia", "ben"] },
      { stack: "ben", isBuilt: false, lastProbe: { found: "TUNNEL_DOWN", at: "2026-10-10T07:00:00Z" } },
      {
        ...{ stack: "mia", ...built, pending: 2 },
        lastProbe: { found: "ready", at: "2026-10-10T11:57:30Z" },
        oldest: { token: "openclaw-mia-cli", since: "2026-10-01T12:00:00Z" },
        expires: { token: "openclaw-mia-cli", at: "2026-11-01T12:00:00Z" },
      },
    ],
    now,
  );
  expect(table.split("\n").map((line) => line.trimEnd().split(/ {2,}/))).toEqual([
    [
      ...["stack", "gateway", "last probe", "tunnel", "OpenClaw", "cloudflared", "last change"],
      ...["token age", "token ends", "pending", "URL"],
    ],
    ["alerts", "watches mia, ben"],
    ["ben", "not built", "TUNNEL_DOWN, 5 h ago"],
    ["mia", "ready", "ready, 2 min ago", "healthy", "9 days", "in 22 days", "2", "https://mia.example.com"],
  ]);
});
