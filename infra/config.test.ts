import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { anyHostKey as hostKey } from "../rehearsal/testing/cloud-stage.ts";
import { checkConfig, configSchema } from "./config.ts";
import { goodConfig as good, problemsOf } from "./testing/config-problems.ts";

describe("checkConfig", () => {
  test("keeps shell, files, the web and OpenClaw's own tools away from the gateway's agent", () => {
    for (const tool of ["exec", "group:fs", "web_fetch", "gateway", "group:openclaw", "message"]) {
      const problem = problemsOf({ ...good, webAgent: { enabled: true, tools: ["tts", tool] } });
      expect([...problem.keys()]).toEqual(["openclaw-gateway:webAgent.tools[1]"]);
    }
    expect(problemsOf({ ...good, webAgent: { enabled: true, name: "main" } }).size).toBe(1);
  });

  test("fills in the defaults", () => {
    expect(checkConfig("dev", good)).toEqual({
      accountId: good.accountId,
      plan: "free",
      workersSubdomain: "",
      workerName: "",
      hostname: "",
      zoneId: "",
      alsoHostnames: [],
      tunnel: { id: "" },
      pi: { host: "192.168.1.20", port: 22, user: "pi", hostKey, openclawPort: 18789 },
      auditLog: { enabled: false, path: "/var/log/openclaw/audit.log", keepOnDestroy: true },
      cloudflared: { version: "", upgrades: "apt" },
      firewall: { enabled: false, sshFrom: [], https: false },
      access: {
        emails: ["owner@example.com"],
        emailDomains: [],
        groups: [],
        identityProviders: [],
        loginMethods: [],
        require: { groups: [], devicePostures: [], mfa: false },
        exclude: { countries: [], groups: [], devicePostures: [] },
        mfa: { authenticators: [], sessionDuration: "24h" },
        sessionDuration: "24h",
        bindingCookie: false,
        cookie: false,
      },
      serviceTokens: [{ name: "cli", duration: "8760h", role: "member", secretVersion: 1 }],
      roles: { owners: [], members: [], guests: [], agents: {} },
      signIn: "token",
      webAgent: { enabled: false, name: "web", tools: ["session_status"] },
      apiKeys: {},
      limits: { enabled: true, requests: 100, perUser: 50, perIp: 600, windowSeconds: 60 },
      quotas: {
        owner: {},
        member: {},
        guest: { requestsPerDay: 200, tokensPerDay: 200_000, concurrentRuns: 2, maxTokens: 4096 },
      },
      api: { responses: false, embeddings: false, maxBodyMiB: 1 },
      sockets: { maxSeconds: 3600, perIdentity: 10 },
      corsOrigins: [],
      forceHttps: true,
      logLevel: "info",
      logSecurityEvents: true,
      audit: true,
      rotation: {
        overlapHours: 24,
        maxAgeDays: { serviceTokens: 180, apiKey: 180, tunnelToken: 365, gatewayToken: 365, modelKeys: 180 },
        expiresWithinDays: 30,
      },
    });
  });

  test("lists every problem at once, each with the command that mends it", () => {
    const problems = problemsOf({
      accountId: "",
      pi: { host: "root@pi", port: 70000, hostKey: "ssh-rsa AAAA" },
      access: {},
      serviceTokens: [{ name: "CLI", duration: "1y" }],
      colour: "x",
    });
    expect([...problems.keys()].sort()).toEqual([
      "openclaw-gateway:access.emails[0]",
      "openclaw-gateway:accountId",
      "openclaw-gateway:colour",
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
    expect(problems.get("openclaw-gateway:colour")?.mend).toBe(
      "npx pulumi config rm --path 'openclaw-gateway:colour'",
    );
  });

  test.each([
    "/etc/passwd",
    "/var/log",
    "/var/log/../../etc/passwd",
    "/var/log/a..b",
    "/var/log/a b.log",
    "/var/log/a%n.log",
    "/var/log/openclaw/",
    "audit.log",
  ])("keeps the audit trail's file below /var/log: not %s", (path) => {
    const problem = problemsOf({ ...good, auditLog: { enabled: true, path } }).get(
      "openclaw-gateway:auditLog.path",
    );
    expect(problem?.wanted).toMatch(/\/var\/log|without \.\./);
  });

  test("takes a password as it was typed into a pipe, and a jump host whole or not at all", () => {
    const pi = { ...good.pi, sudoPassword: "with space \n", jump: { host: "gate", user: "me", hostKey } };
    expect(checkConfig("dev", { ...good, pi }).pi).toMatchObject({
      sudoPassword: "with space ",
      jump: { host: "gate", port: 22, user: "me", hostKey },
    });
    const problems = problemsOf({
      ...good,
      pi: { ...pi, sudoPassword: "two\nlines", jump: { host: "gate" } },
    });
    expect([...problems.keys()].sort()).toEqual([
      "openclaw-gateway:pi.jump.hostKey",
      "openclaw-gateway:pi.jump.user",
      "openclaw-gateway:pi.sudoPassword",
    ]);
    expect(JSON.stringify([...problems.values()])).not.toContain("lines");
  });

  test("never shows a secret that is wrong", () => {
    const secret = "not-a-key-but-private";
    expect(() => checkConfig("dev", { ...good, pi: { ...good.pi, privateKey: secret } })).toThrow(
      /openclaw-gateway:pi.privateKey/,
    );
    expect(() => checkConfig("dev", { ...good, pi: { ...good.pi, privateKey: secret } })).not.toThrow(secret);
  });

  test.each([
    `-----BEGIN OPENSSH ${"PRIVATE"} KEY-----\nabc`,
    `cfut_${"a".repeat(45)}`,
    `no host ${"x".repeat(130)}`,
  ])("does not show what looks like a credential in the wrong place", (value) => {
    for (const pi of [{ ...good.pi, host: value }, { ...good.pi, hostKey: value }, value]) {
      const [problem] = problemsOf({ ...good, pi }).values();
      expect(problem?.got).toMatch(/^got [0-9]+ letters \(not shown\)$/);
      expect(JSON.stringify(problem)).not.toContain(value.slice(0, 20));
    }
  });

  test.each([
    [{ ...good, accountId: "", acountId: good.accountId }, "openclaw-gateway:acountId", "accountId"],
    [{ ...good, pi: { hsot: "192.168.1.20", hostKey } }, "openclaw-gateway:pi.hsot", "host"],
    [{ ...good, access: {}, acces: good.access }, "openclaw-gateway:acces", "access"],
    [{ ...good, access: { email: ["a@example.com"] } }, "openclaw-gateway:access.email", "emails"],
    [
      { ...good, access: { ...good.access, sessionduration: "1h" } },
      "openclaw-gateway:access.sessionduration",
      "sessionDuration",
    ],
    [
      { ...good, serviceTokens: [{ name: "cli", durations: "1h" }] },
      "openclaw-gateway:serviceTokens[0].durations",
      "duration",
    ],
  ])(
    "asks whether a misspelt key is the one it looks like, and says nothing else of it: %#",
    (raw, key, meant) => {
      const problems = problemsOf(raw);
      expect([...problems.keys()]).toEqual([key]);
      expect(problems.get(key)?.got).toBe(`not a key of this project; did you mean "${meant}"?`);
    },
  );

  test("moves a misspelt secret through a pipe, so that it stays one", () => {
    const problem = problemsOf({ ...good, pi: { ...good.pi, privatekey: "x" } }).get(
      "openclaw-gateway:pi.privatekey",
    );
    expect(problem?.mend).toBe(
      "npx pulumi config get --path 'openclaw-gateway:pi.privatekey' | npx pulumi config set --path --secret 'openclaw-gateway:pi.privateKey' && npx pulumi config rm --path 'openclaw-gateway:pi.privatekey'",
    );
  });

  test("says of a key of the wrong type what it has to be, and how it becomes that", () => {
    const problems = problemsOf({
      ...good,
      pi: "192.168.1.20",
      access: { emails: "owner@example.com" },
      serviceTokens: "cli",
    });
    expect(problems.get("openclaw-gateway:pi")).toMatchObject({
      got: 'got "192.168.1.20"',
      wanted: "keys of its own",
      mend: "npx pulumi config rm --path 'openclaw-gateway:pi' && npx pulumi config set --path 'openclaw-gateway:pi.host' VALUE",
    });
    expect(problems.get("openclaw-gateway:access.emails")).toMatchObject({
      wanted: "a list",
      mend: "npx pulumi config rm --path 'openclaw-gateway:access.emails' && npx pulumi config set --path 'openclaw-gateway:access.emails[0]' VALUE",
    });
    expect(problems.get("openclaw-gateway:serviceTokens")?.mend).toMatch(
      /'openclaw-gateway:serviceTokens\[0\]\.name' VALUE$/,
    );
    expect(
      problemsOf({ ...good, pi: { ...good.pi, port: "22" } }).get("openclaw-gateway:pi.port"),
    ).toMatchObject({
      got: 'got "22"',
      wanted: "a port from 1 to 65535, without quotes",
    });
  });

  test.each([
    [{ cloudflared: { version: "2025.6.1" } }, "cloudflared.version", "2025.7.0 or later"],
    [{ cloudflared: { version: "latest" } }, "cloudflared.version", "a version such as 2026.8.2"],
    [{ firewall: { sshFrom: ["192.168.1.0/33"] } }, "firewall.sshFrom[0]", "an address such as"],
    [{ firewall: { sshFrom: ["home.example.com"] } }, "firewall.sshFrom[0]", "an address such as"],
  ])("refuses %j", (change, key, wanted) => {
    expect(() => checkConfig("dev", { ...good, ...change })).toThrow(
      new RegExp(`openclaw-gateway:${key.replace(/[[\]]/g, "\\$&")}: .*wanted: ${wanted}`),
    );
  });

  test("takes networks and addresses of both kinds for SSH, and versions that Workers VPC takes", () => {
    const sshFrom = ["192.168.1.0/24", "10.0.0.7", "2001:db8::/32", "fd00::1"];
    const { firewall, cloudflared } = checkConfig("dev", {
      ...good,
      cloudflared: { version: "2026.1.0" },
      firewall: { sshFrom },
    });
    expect(firewall.sshFrom).toEqual(sshFrom);
    expect(cloudflared.version).toBe("2026.1.0");
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
