import { describe, expect, test } from "vitest";
import type { PiConfig } from "./config.ts";
import { judge, PiNotReady, parseFacts } from "./pi-look.ts";

const config = { host: "raspberrypi.local", port: 22, user: "pi", openclawPort: 18789 } as PiConfig;
const now = 1_800_000_000;
const good = {
  user: "pi",
  machine: "aarch64",
  architecture: "arm64",
  systemd: "yes",
  clock: String(now),
  free_megabytes: "9000",
  root: "yes",
  curl: "/usr/bin/curl",
  openclaw_entry: "/opt/openclaw/dist/index.js",
  openclaw_version: "2026.9.6",
  openclaw_config: "/home/pi/.openclaw/openclaw.json",
  openclaw_ready: "yes",
};

function refusalOf(change: Partial<typeof good>): PiNotReady | undefined {
  try {
    judge(config, { ...good, ...change }, now);
  } catch (error) {
    if (error instanceof PiNotReady) return error;
    throw error;
  }
  return undefined;
}

describe("judge", () => {
  test("takes a Pi that has all that is needed", () => {
    expect(refusalOf({})).toBeUndefined();
  });

  test.each([
    [{ systemd: "" }, "PI_NO_SYSTEMD"],
    [{ architecture: "armhf", machine: "armv6l" }, "PI_ARCHITECTURE"],
    [{ architecture: "riscv64", machine: "riscv64" }, "PI_ARCHITECTURE"],
    [{ root: "" }, "PI_NO_SUDO"],
    [{ curl: "" }, "PI_NO_CURL"],
    [{ free_megabytes: "12" }, "PI_NO_SPACE"],
    [{ clock: String(now - 3600) }, "PI_CLOCK"],
    [{ openclaw_entry: "" }, "OPENCLAW_NOT_FOUND"],
    [{ openclaw_version: "2026.8.30" }, "OPENCLAW_TOO_OLD"],
    [{ openclaw_config: "" }, "OPENCLAW_CONFIG_UNREADABLE"],
    [{ openclaw_ready: "000" }, "OPENCLAW_NOT_RUNNING"],
  ])("refuses %j as %s, with what to do", (change, code) => {
    const refusal = refusalOf(change);
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).toContain("raspberrypi.local is not ready");
  });

  test("lists all that is wrong, not only the first", () => {
    const message = refusalOf({ root: "", free_megabytes: "1", openclaw_entry: "" })?.message;
    expect(message).toContain("for 3 reasons");
    expect(message).toMatch(/sudo[\s\S]*1 MB left[\s\S]*not installed/);
  });

  test.each(["2026.9.0", "2026.10.1", "2027.1.0-beta.2"])("takes OpenClaw %s", (version) => {
    expect(refusalOf({ openclaw_version: version })).toBeUndefined();
  });
});

test("parseFacts keeps what stands behind the first equals sign", () => {
  expect(parseFacts("a=b=c\nwarning: x\nroot=\n")).toEqual({ a: "b=c", root: "" });
});
