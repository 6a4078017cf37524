import { describe, expect, test } from "vitest";
import { goodFacts } from "../rehearsal/testing/pi-facts.ts";
import type { PiConfig } from "./config.ts";
import { judge, PiNotReady, parseFacts } from "./pi-look.ts";

const config = { host: "raspberrypi.local", port: 22, user: "pi", openclawPort: 18789 } as PiConfig;
const now = 1_800_000_000;
const good = goodFacts(now);

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
    [{ root: "", sudo: "sudo: a password is required" }, "PI_SUDO_PASSWORD"],
    [{ root: "", sudo: "sudo: a password is required", groups: "pi adm" }, "PI_NO_SUDO"],
    [{ root: "", sudo: "missing" }, "PI_NO_SUDO"],
    [{ curl: "" }, "PI_NO_CURL"],
    [{ room_var: "12 /var" }, "PI_NO_SPACE"],
    [{ room_home: "3 /home" }, "PI_NO_SPACE"],
    // 150 for what is unpacked and 150 for what is fetched, where both are one file system.
    [{ room_usr: "250 /", room_var: "250 /" }, "PI_NO_SPACE"],
    [{ clock: String(now - 3600) }, "PI_CLOCK"],
    [{ openclaw_entry: "" }, "OPENCLAW_NOT_FOUND"],
    [{ openclaw_entry: "", openclaw_users: "alice " }, "OPENCLAW_OTHER_USER"],
    [{ listener_user: "alice" }, "OPENCLAW_OTHER_USER"],
    [{ openclaw_version: "2026.8.30" }, "OPENCLAW_TOO_OLD"],
    [
      {
        openclaw_config_refusal: JSON.stringify({
          code: "OPENCLAW_CONFIG_UNREADABLE",
          what: "pi may not read it",
          mend: "sudo chown pi: it",
        }),
      },
      "OPENCLAW_CONFIG_UNREADABLE",
    ],
    [{ openclaw_configured_port: "19000" }, "OPENCLAW_PORT"],
    [{ openclaw_ready: "ECONNREFUSED", listener: "", listener_user: "" }, "OPENCLAW_NOT_RUNNING"],
    [{ openclaw_ready: "other", listener: "python3 (process 7)" }, "OPENCLAW_PORT_TAKEN"],
  ])("refuses %j as %s, with what to do", (change, code) => {
    const refusal = refusalOf(change);
    expect(refusal?.code).toBe(code);
    expect(refusal?.message).toContain("raspberrypi.local is not ready");
  });

  test("lists all that is wrong, not only the first", () => {
    const message = refusalOf({ root: "", room_var: "1 /var", openclaw_entry: "" })?.message;
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

describe("a Pi with a gateway for each of several people", () => {
  const missing = JSON.stringify({ code: "OPENCLAW_CONFIG_MISSING", what: "there is no file", mend: "" });
  const said = (facts: Record<string, string>, change: Partial<PiConfig> = {}) => {
    try {
      judge({ ...config, ...change }, { ...good, ...facts }, now);
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  };

  test("takes a profile whose gateway answers, beside others", () => {
    const facts = { openclaw_configured_port: "19789", openclaw_gateways: "default 18789,ben 20789" };
    expect(said(facts, { profile: "anna", openclawPort: 19789 })).toBeUndefined();
  });

  test("says the lines that set a missing profile up, on a port far from the others'", () => {
    const facts = { openclaw_config_refusal: missing, openclaw_gateways: "default 18789,ben 19789" };
    const message = said(facts, { profile: "anna", openclawPort: 19800 });
    expect(message).toContain("OPENCLAW_PROFILE_MISSING");
    expect(message).toMatch(/openclaw --profile anna onboard --non-interactive .* --gateway-port 20789 /);
    expect(message).toContain("openclaw-gateway:pi.openclawPort 20789");
    expect(message).toContain("openclaw-gateway:pi.profile ben");
    expect(message).toContain("config rm --path openclaw-gateway:pi.profile");
  });

  test("names the profiles there are to a stack without one", () => {
    const facts = { openclaw_config_refusal: missing, openclaw_gateways: "anna 19789" };
    expect(said(facts)).toMatch(/OPENCLAW_PROFILE_MISSING[\s\S]*there is anna[\s\S]*pi.profile anna/);
  });

  test("refuses a port that is another profile's, with the one of its own", () => {
    const facts = { openclaw_other: "ben", openclaw_configured_port: "19789" };
    const message = said(facts, { profile: "anna" });
    expect(message).toMatch(/OPENCLAW_OTHER_PROFILE: .*\n.*port 18789 belongs to the OpenClaw profile ben/);
    expect(message).toContain("openclaw-gateway:pi.openclawPort 19789");
  });

  test("refuses one port for two, though its own gateway answers there now", () => {
    const message = said({ openclaw_gateways: "ben 18789" });
    expect(message).toMatch(/OPENCLAW_PORT_SHARED[\s\S]*default and ben are both set to port 18789/);
    expect(message).toContain("openclaw config set gateway.port 19789");
  });
});
