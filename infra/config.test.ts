import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { ConfigError, checkConfig, configSchema } from "./config.ts";

const hostKey = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}`;
const good = {
  accountId: "0".repeat(32),
  pi: { host: "192.168.1.20", hostKey },
  access: { emails: ["owner@example.com"] },
};

/** The problems that a raw config has, by key. */
function problemsOf(raw: Record<string, unknown>, stack = "dev") {
  try {
    checkConfig(stack, raw);
  } catch (error) {
    if (error instanceof ConfigError) return new Map(error.problems.map((problem) => [problem.key, problem]));
    throw error;
  }
  return new Map();
}

describe("checkConfig", () => {
  test("fills in the defaults", () => {
    expect(checkConfig("dev", good)).toEqual({
      accountId: good.accountId,
      workersSubdomain: "",
      pi: { host: "192.168.1.20", port: 22, user: "pi", hostKey, openclawPort: 18789 },
      access: { emails: ["owner@example.com"], emailDomains: [], sessionDuration: "24h" },
      serviceTokens: [{ name: "cli", duration: "8760h" }],
    });
  });

  test("lists every problem at once, each with the command that mends it", () => {
    const problems = problemsOf({
      accountId: "",
      pi: { host: "root@pi", port: 70000, hostKey: "ssh-rsa AAAA" },
      access: {},
      serviceTokens: [{ name: "CLI", duration: "1y" }],
      acountId: "x",
    });
    expect([...problems.keys()].sort()).toEqual([
      "openclaw-gateway:access.emails[0]",
      "openclaw-gateway:accountId",
      "openclaw-gateway:acountId",
      "openclaw-gateway:pi.host",
      "openclaw-gateway:pi.hostKey",
      "openclaw-gateway:pi.port",
      "openclaw-gateway:serviceTokens[0].duration",
      "openclaw-gateway:serviceTokens[0].name",
    ]);
    expect(problems.get("openclaw-gateway:accountId")).toEqual({
      key: "openclaw-gateway:accountId",
      got: "not set",
      wanted: "32 hexadecimal digits, from the address of the account's dashboard",
      mend: "npx pulumi config set --path 'openclaw-gateway:accountId' VALUE",
    });
    expect(problems.get("openclaw-gateway:acountId")?.mend).toBe(
      "npx pulumi config rm --path 'openclaw-gateway:acountId'",
    );
  });

  test("never shows a secret that is wrong", () => {
    const secret = "not-a-key-but-private";
    expect(() => checkConfig("dev", { ...good, pi: { ...good.pi, privateKey: secret } })).toThrow(
      /openclaw-gateway:pi.privateKey/,
    );
    expect(() => checkConfig("dev", { ...good, pi: { ...good.pi, privateKey: secret } })).not.toThrow(secret);
  });

  test("wants at least one person who may log in", () => {
    expect(
      problemsOf({ ...good, access: { emails: [] } }).get("openclaw-gateway:access.emails[0]")?.wanted,
    ).toBe("at least one person who may log in");
    expect(problemsOf({ ...good, access: { emailDomains: ["example.com"] } }).size).toBe(0);
  });

  test("refuses two service tokens of one name", () => {
    expect(
      problemsOf({ ...good, serviceTokens: [{ name: "cli" }, { name: "cli" }] }).has(
        "openclaw-gateway:serviceTokens",
      ),
    ).toBe(true);
  });

  test("takes the line of ssh-keyscan with a comment, and pins the key alone", () => {
    expect(
      checkConfig("dev", { ...good, pi: { ...good.pi, hostKey: `${hostKey} root@raspberrypi` } }).pi.hostKey,
    ).toBe(hostKey);
  });

  test("takes an ECDSA host key too, and no RSA one", () => {
    const ecdsa = `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${"A".repeat(87)}=`;
    expect(checkConfig("dev", { ...good, pi: { ...good.pi, hostKey: ecdsa } }).pi.hostKey).toBe(ecdsa);
    expect(problemsOf({ ...good, pi: { ...good.pi, hostKey: "ssh-rsa AAAAB3NzaC1yc2E=" } }).size).toBe(1);
  });

  test.each(["Dev", "-dev", "a.b", "a_b", "x".repeat(41)])(
    "refuses the stack name %s, which becomes part of a hostname",
    (stack) => {
      expect(problemsOf(good, stack).has("the stack's name")).toBe(true);
    },
  );
});

test("Pulumi.yaml declares exactly the keys that the program knows", () => {
  const declared = readFileSync(new URL("../Pulumi.yaml", import.meta.url), "utf8")
    .split(/^config:$/m)[1]
    ?.match(/^ {2}(\w+):$/gm)
    ?.map((line) => line.trim().replace(":", ""));
  expect(declared?.sort()).toEqual(Object.keys(configSchema.shape).sort());
});
