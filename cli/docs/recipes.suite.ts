import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { runOutside } from "../../examples/testing/outside.ts";
import { checkConfig, checkSharedConfig, namespace } from "../../infra/config.ts";
import { NEEDED_BY_LOGIN } from "../../infra/config-shared-people.ts";
import type { Stage } from "../../rehearsal/stage.ts";
import { pulumiCli } from "../../rehearsal/testing/pulumi-cli.ts";
import { differences, type Inventory, inventoryOf } from "../../rehearsal/walk/traces.ts";
import { configReference } from "./config-reference.ts";
import { allRecipes } from "./recipes.ts";

interface ServiceToken {
  readonly clientId: string;
  readonly clientSecret: string;
}

/** As `pulumi config --json` gives a value. */
interface Value {
  readonly value?: string;
  readonly objectValue?: unknown;
}

/** Lines for a new stack; the token stays out of the arguments. */
const whereCloudflareIs = `npx pulumi config set cloudflare:baseUrl "$CLOUDFLARE_BASE_URL"
printf '%s' "$CLOUDFLARE_API_TOKEN" | npx pulumi config set --secret cloudflare:apiToken`;

const root = join(import.meta.dirname, "../..");

/** The lines that the documentation tells a person to type, typed as they stand, one evening from first to last. */
export function recipesSuite(stage: () => Stage): void {
  describe("the documentation's lines", () => {
    const recipes = allRecipes();
    const used = new Set<string>();
    let before: Inventory;

    /**
     * Types the lines of a recipe. What a page can only show an example of is replaced: the account's id, and the Pi's
     * name. The plugins' stand-ins run in this process, which has neither that name nor the shell's environment: so the
     * name becomes an address, and where Cloudflare is comes into the config before the first up.
     */
    const type = async (name: string, more: Record<string, string | undefined> = {}): Promise<string> => {
      const lines = recipes.get(name);
      if (lines === undefined) throw new Error(`no page has a recipe ${name}`);
      used.add(name);
      const { cloudflare, host } = stage();
      const own = lines
        .replaceAll("0123456789abcdef0123456789abcdef", cloudflare.accountId)
        .replaceAll("raspberrypi.local", host.address)
        .replace(/(^npx pulumi stack init .*$)/m, `$1\n${whereCloudflareIs}`);
      return inShell(own, more);
    };
    const inShell = async (lines: string, more: Record<string, string | undefined> = {}) => {
      const { cloudflare, ca, host, workspace } = stage();
      const { PATH, SSH_AUTH_SOCK } = process.env;
      return runOutside(["sh", "-euc", lines], {
        hosts: {},
        knownHosts: `${host.address} ${host.hostKey}\n`,
        caCertificate: ca.certificate,
        folder: join(workspace.folder, "outside"),
        cwd: workspace.folder,
        env: {
          PATH: `${join(workspace.folder, "commands")}:${PATH}`,
          HOME: join(workspace.folder, "person"),
          SSH_AUTH_SOCK: SSH_AUTH_SOCK ?? "",
          ...workspace.env,
          PULUMI_SKIP_CONFIRMATIONS: "true",
          CLOUDFLARE_API_TOKEN: cloudflare.apiToken,
          CLOUDFLARE_BASE_URL: cloudflare.apiUrl,
          ...more,
        } as Record<string, string>,
        timeoutMs: 150_000,
      });
    };
    const output = async (name: string) =>
      (await pulumiCli(stage(), "stack", "output", name, "--show-secrets", "--stack", "family")).output;
    const credentials = async () =>
      Object.values<ServiceToken>(JSON.parse(await output("serviceTokens")))[0] as ServiceToken;
    /** What the gateway answers to a program. */
    const models = async (token?: ServiceToken) => {
      const { cloudflare, ca } = stage();
      const url = (await output("url")).trim();
      const { clientId, clientSecret } = token ?? (await credentials());
      const headers = `CF-Access-Client-Id: ${clientId}\nCF-Access-Client-Secret: ${clientSecret}\n`;
      return runOutside(
        ["sh", "-euc", `printf '%s' "$HEADERS" | curl --silent --max-time 30 -H @- ${url}/v1/models`],
        {
          hosts: { [new URL(url).hostname]: cloudflare.edgeAddress },
          caCertificate: ca.certificate,
          folder: join(stage().workspace.folder, "outside"),
          env: { HEADERS: headers },
        },
      );
    };

    beforeAll(async () => {
      const { engine, workspace, host } = stage();
      before = await inventoryOf(host);
      // `npx pulumi` is the rehearsal's engine here; the project is installed already.
      const commands = join(workspace.folder, "commands");
      await mkdir(commands);
      await mkdir(join(workspace.folder, "person", ".pulumi"), { recursive: true });
      const path = engine.languageHost ? `PATH=${engine.languageHost}:$PATH` : ":";
      await writeFile(join(commands, "npx"), `#!/bin/sh\nshift\n${path}\nexec ${engine.command} "$@"\n`, {
        mode: 0o755,
      });
      await writeFile(join(commands, "npm"), '#!/bin/sh\n[ "$*" = ci ]\n', { mode: 0o755 });
      await promisify(execFile)("ln", ["-s", join(root, "examples"), workspace.folder]);
    });
    afterAll(async () => {
      await pulumiCli(stage(), "destroy", "--yes", "--stack", "family");
    });

    test("build a stack by hand, and it answers", async () => {
      const calls = () => stage().cloudflare.calls.length;
      const start = calls();
      await type("by-hand");
      expect(calls() - start).toBeLessThan(150); // docs/cost.md says so
      expect(await models()).toContain("openclaw");
    }, 300_000);

    test("close the local state to others", async () => {
      await type("close-state");
      const folder = join(stage().workspace.folder, "person", ".pulumi");
      expect((await stat(folder)).mode & 0o777).toBe(0o700);
    });

    test("replace a service token, whose old secret is then refused", async () => {
      const old = await credentials();
      await type("replace-service-token");
      expect(await models()).toContain("openclaw");
      expect(await models(old)).not.toContain("openclaw");
    }, 300_000);

    test("find nothing to do when nothing was changed by hand", async () => {
      expect(await type("refresh")).toContain("unchanged");
    }, 300_000);

    test("give the Worker the token that OpenClaw now has, and switch its API on again", async () => {
      const { host } = stage();
      const previous = host.gatewayToken;
      const set = (token: string) => host.exec(`openclaw config set gateway.auth.token '${token}'`);
      await set("f".repeat(64));
      try {
        await expect.poll(() => models(), { timeout: 20_000 }).toContain("OPENCLAW_TOKEN_REFUSED");
        await host.exec("openclaw config set gateway.http.endpoints.chatCompletions.enabled false");
        await type("read-openclaw-again");
        expect(await models()).toContain('"openclaw"');
      } finally {
        await set(previous);
        // OpenClaw's own copies of before; the inventory at the end would take them for ours.
        await host.exec("rm -f ~/.openclaw/openclaw.json.bak*");
      }
      await type("read-openclaw-again");
      expect(await models()).toContain('"openclaw"');
    }, 300_000);

    test("go on after an up that was killed", async () => {
      const { workspace } = stage();
      // The engine is killed while the connector's step runs, so its lock stays.
      const killed = inShell(
        "npx pulumi up --skip-preview --replace '**::family-connector' & echo $! > up.pid; wait $!",
      );
      const lock = join(workspace.folder, "state/.pulumi/locks/organization/openclaw-gateway/family");
      await inShell(`until ls ${lock}/*.json >/dev/null 2>&1; do :; done; kill -9 "$(cat up.pid)"`);
      await expect(killed).rejects.toThrow();
      expect((await pulumiCli(stage(), "up", "--yes", "--stack", "family")).output).toContain(
        "the stack is currently locked by 1 lock(s)",
      );
      await type("locked");
      expect(await models()).toContain("openclaw");
    }, 300_000);

    test("pin the host key anew and build again", async () => {
      await pulumiCli(
        stage(),
        "config",
        "set",
        "--path",
        "pi.hostKey",
        `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABB${"A".repeat(87)}=`,
        "--stack",
        "family",
      );
      const refused = await pulumiCli(stage(), "up", "--yes", "--stack", "family");
      expect(refused.output).toContain("PI_HOST_KEY_CHANGED");
      await type("new-card");
      expect(await models()).toContain("openclaw");
    }, 300_000);

    test("start anew without the passphrase, with nothing left in the account", async () => {
      const forgotten = { PULUMI_CONFIG_PASSPHRASE: undefined };
      const listed = await inShell("examples/take-down-without-passphrase.sh", forgotten);
      expect(listed).toContain("Nothing was deleted");
      expect(stage().cloudflare.resources().length).toBeGreaterThan(5);
      await type("stop-connector");
      await type("without-passphrase", forgotten);
      expect(stage().cloudflare.resources()).toEqual([]);
      await type("forget-stack", forgotten);
      await type("by-hand", { PULUMI_CONFIG_PASSPHRASE: "a new one" });
      await type("destroy", { PULUMI_CONFIG_PASSPHRASE: "a new one" });
      expect(stage().cloudflare.resources()).toEqual([]);
      expect(differences(before, await inventoryOf(stage().host))).toEqual([]);
    }, 300_000);

    test("set every key of the config reference to something that the program takes", async () => {
      const { host, workspace } = stage();
      const ssh = join(workspace.folder, "person", ".ssh");
      await mkdir(ssh, { recursive: true });
      for (const name of ["id_ed25519", "id_jump"])
        await writeFile(join(ssh, name), host.privateKey ?? "", { mode: 0o600 });
      await writeFile(join(workspace.folder, "password.txt"), "of the test\n", { mode: 0o600 });
      for (const name of ["key.txt", "secret.txt", "token.txt"])
        await writeFile(join(workspace.folder, name), `${randomBytes(32).toString("base64")}\n`, {
          mode: 0o600,
        });
      await writeFile(join(workspace.folder, "url.txt"), "https://hooks.example.com/family\n");
      const lines = [...configReference().matchAll(/`(npx pulumi config set [^`]+)`/g)].map(([, line = ""]) =>
        line.replaceAll("\\|", "|").replaceAll(/raspberrypi\.local|gate\.example\.com/g, host.address),
      );
      expect(lines.length).toBeGreaterThan(10);
      await inShell(["npx pulumi stack init keys", ...lines].join("\n"));
      const said = JSON.parse(await inShell("npx pulumi config --json --show-secrets")) as Record<
        string,
        Value
      >;
      await inShell("npx pulumi stack rm");
      const raw = Object.entries(said)
        .filter(([key]) => key.startsWith(`${namespace}:`))
        .map(([key, { value, objectValue }]) => [key.slice(namespace.length + 1), objectValue ?? value]);
      const { shared, tunnel, ...gateway } = Object.fromEntries(raw);
      const { id, ...own } = tunnel as { id: string };
      // One tunnel is reused, or is the stack's own and has a secret.
      for (const one of [{ id }, own])
        expect(checkConfig("keys", { ...gateway, tunnel: one }).pi.privateKey?.trim()).toBe(
          host.privateKey?.trim(),
        );
      const { accountId } = gateway;
      const { loginMethods, ...others } = shared as { loginMethods: [Record<string, unknown>] };
      // A login method of each type has some of the keys.
      const methods = Object.entries(NEEDED_BY_LOGIN).map(([type, needed]) => {
        const keys: readonly string[] = ["name", ...needed];
        return { ...Object.fromEntries(keys.map((key) => [key, loginMethods[0][key]])), type };
      });
      for (const method of methods)
        expect(
          checkSharedConfig("keys", { accountId, shared: { ...others, loginMethods: [method] } }).shared,
        ).toMatchObject({ gateways: ["home"], loginMethods: [method] });
    });

    test("have all been tried", () => {
      expect([...recipes.keys()].filter((name) => !used.has(name))).toEqual([]);
    });
  });
}
