import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { fingerprint } from "../../infra/host-key.ts";
import { newKeyPair } from "../../rehearsal/host/keys.ts";
import type { Stage } from "../../rehearsal/stage.ts";
import { watchProcesses } from "../../rehearsal/testing/watch.ts";
import { type Desk, newDesk } from "./testing/desk.ts";
import { keys } from "./testing/terminal.ts";

const stack = "family";

/** `npm run init` from a newcomer's first question to a stack that `pulumi up` builds, at a real Pi. */
export function initSuite(stage: () => Stage): void {
  describe("npm run init", () => {
    let desk: Desk;
    let keyFile: string;
    let otherKeyFile: string;

    beforeAll(async () => {
      desk = await newDesk(stage().cloudflare.apiUrl);
      keyFile = join(desk.home, "pi-key");
      otherKeyFile = join(desk.home, "other-key");
      await writeFile(keyFile, stage().host.privateKey ?? "", { mode: 0o600 });
      await writeFile(otherKeyFile, newKeyPair("ed25519").private, { mode: 0o600 });
    });
    afterAll(() => desk.clear());

    const pi = () => `pi@${stage().host.address}`;
    const stackFile = () => readFileSync(join(desk.project, `Pulumi.${stack}.yaml`), "utf8");
    /** Types what `npm run init` has printed: the shell file, then a command of Pulumi's. */
    const inShell = async (command: string) => {
      const { engine, workspace } = stage();
      const PATH = [engine.languageHost, join(engine.root, "bin"), process.env.PATH]
        .filter(Boolean)
        .join(":");
      const env = {
        ...desk.env,
        PATH,
        PULUMI_DEBUG_PROVIDERS: workspace.env.PULUMI_DEBUG_PROVIDERS,
      } as NodeJS.ProcessEnv;
      const line = `. ~/.config/openclaw-gateway/${stack}.env && ${command} --non-interactive --color=never`;
      const child = spawn("sh", ["-c", line], { cwd: desk.project, env, timeout: 180_000 });
      let output = "";
      for (const stream of [child.stdout, child.stderr])
        stream.setEncoding("utf8").on("data", (text: string) => {
          output += text;
        });
      const [code] = await once(child, "close");
      if (code !== 0) throw new Error(`${command}: ${output}`);
      return output;
    };

    test("leads a newcomer through wrong answers to a stack, with each one's reason and a second chance", async () => {
      const { cloudflare, host } = stage();
      const weak = cloudflare.issueApiToken({ without: ["Access: Service Tokens Write"] });
      const secrets: Record<string, string> = {
        apiToken: cloudflare.apiToken,
        weak,
        privateKey: (host.privateKey?.split("\n")[3] ?? "").trim(),
      };
      const watch = watchProcesses(() => secrets);
      const screen = desk.sitDown();
      await screen.chooses("Where shall the state be kept?", "Somewhere else");
      await screen.asked("Backend URL", desk.backend);
      await screen.asked("Name of the stack", stack);
      await screen.chooses("Which passphrase?", "A new one");

      await screen.sees("Access: Organizations, Identity Providers, and Groups: Read");
      await screen.asked("paste it; it is not shown", "cut-off");
      await screen.sees("CLOUDFLARE_TOKEN_FORMAT");
      await screen.asked("paste it; it is not shown", `cfut_${"x".repeat(48)}`);
      await screen.sees("CLOUDFLARE_TOKEN_INVALID");
      await screen.chooses("What now?", "Another API token");
      await screen.asked("paste it; it is not shown", weak);
      await screen.sees('"Access: Service Tokens: Edit"');
      await screen.chooses("What now?", "Another API token");
      await screen.asked("paste it; it is not shown", cloudflare.apiToken);
      await screen.chooses("Where shall the API token be kept?", "In the stack");

      await screen.asked("Hostname of its own");
      await screen.asked("Email addresses", "nobody");
      await screen.sees("an email address");
      screen.presses("\u0015"); // Ctrl-U clears the line
      screen.answers("owner@example.com, guest@example.com");
      await screen.asked("Names of the service tokens", "cli, phone");
      await screen.chooses("good for?", "90 days");

      await screen.asked("Address of the Pi", "pi@127.0.0.1:9");
      await screen.sees("PI_NO_SSH");
      await screen.asked("Address of the Pi", pi());
      await screen.sees(fingerprint(host.hostKey));
      await screen.asked("Is it the same?", "n");
      await screen.sees("nothing was sent there");
      await screen.asked("Address of the Pi", pi());
      await screen.asked("Is it the same?", "y");
      await screen.chooses("With which key", "A key file");
      await screen.asked("File of the private key", otherKeyFile);
      await screen.sees("PI_LOGIN_REFUSED");
      await screen.chooses("What now?", "Another SSH key");
      await screen.chooses("With which key", "A key file");
      await screen.asked("File of the private key", keyFile);

      await screen.sees("Write this?");
      expect(screen.shown()).toMatch(/Pi +pi@[\d.]+: OpenClaw 2026\.9\.6 on amd64|arm64/);
      expect(() => stackFile()).toThrow("ENOENT");
      screen.answers("y");
      await screen.sees("npx pulumi up");
      expect(await screen.ended()).toBe(0);

      expect((await watch.stop()).found).toEqual([]);
      for (const secret of Object.values(secrets)) {
        expect(screen.shown()).not.toContain(secret);
        expect(stackFile()).not.toContain(secret);
      }
      const { mode } = statSync(join(desk.home, `.config/openclaw-gateway/${stack}.passphrase`));
      expect(mode & 0o777).toBe(0o600);
    }, 180_000);

    test("has written what pulumi up builds with no further step", async () => {
      // A plugin that the engine starts has its environment; the stand-ins run already, in this process.
      await inShell(`pulumi config set cloudflare:baseUrl ${stage().cloudflare.apiUrl}`);
      expect(await inShell("pulumi preview")).toMatch(/\+ \d+ to create/);
      await inShell("pulumi up --yes");
      const url = (await inShell("pulumi stack output url")).trim();
      expect(url).toBe(`https://openclaw-${stack}.${stage().cloudflare.workersSubdomain}.workers.dev`);
      await inShell("pulumi destroy --yes");
      expect(stage().cloudflare.resources()).toEqual([]);
    }, 300_000);

    test("run again without a terminal, keeps what is there and changes what a flag says", async () => {
      const before = stackFile();
      const { code, stdout, stderr } = await desk.run([
        ...["--stack", stack, "--backend", desk.backend, "--yes", "--json", "--email", "owner@example.com"],
        ...["--session-duration", "12h"],
      ]);
      expect(stderr).toContain("changes: openclaw-gateway:access");
      expect(JSON.parse(stdout)).toMatchObject({ ok: true, stack });
      expect(code).toBe(0);
      const after = stackFile();
      expect(after).not.toContain("guest@example.com");
      expect(after).toContain("sessionDuration: 12h");
      const secrets = (text: string) => text.match(/secure: .*/g);
      expect(secrets(after)).toEqual(secrets(before));
    }, 120_000);

    test("sets a stack up from flags alone, its token on standard input, and refuses a fingerprint that is another", async () => {
      const { cloudflare, host } = stage();
      const args = [
        ...[
          "--stack",
          "second",
          "--backend",
          desk.backend,
          "--yes",
          "--json",
          "--email",
          "a@example.com",
          "--service-token",
          "bot=720h",
        ],
        ...["--pi", pi(), "--identity", keyFile, "--api-token-file", "-"],
      ];
      const token = cloudflare.issueApiToken({ kind: "account" });
      const attempt = (...more: string[]) => desk.run([...args, ...more], { stdin: `${token}\n` });

      const homeless = await attempt("--host-key-fingerprint", fingerprint(host.hostKey));
      expect(JSON.parse(homeless.stdout).error.message).toMatch(/ACCOUNT_ID.*\n.*--account-id ID/);
      const account = ["--account-id", cloudflare.accountId];
      const wrong = await attempt(...account, "--host-key-fingerprint", `SHA256:${"A".repeat(43)}`);
      expect(JSON.parse(wrong.stdout).error.message).toContain(`shown  ${fingerprint(host.hostKey)}`);
      expect(wrong.code).toBe(1);

      const right = await attempt(...account, "--host-key-fingerprint", fingerprint(host.hostKey));
      expect(right.stderr).not.toContain(token);
      expect(JSON.parse(right.stdout), right.stdout).toMatchObject({ ok: true, stack: "second" });
      const file = readFileSync(join(desk.project, "Pulumi.second.yaml"), "utf8");
      expect(file).toMatch(/name: bot/);
      expect(file).not.toContain(token);
    }, 180_000);

    test("takes over for somebody else of the family all but what is each one's own", async () => {
      const add = (...more: string[]) =>
        desk.family([
          "add",
          "mia",
          "--like",
          stack,
          "--email",
          "mia@example.com",
          "--yes",
          "--json",
          ...more,
        ]);
      // On the Pi that they share, each has an OpenClaw of their own, at a port of its own.
      const alone = await add();
      expect(JSON.parse(alone.stdout).error.message).toMatch(
        /OPENCLAW_PROFILE_MISSING[\s\S]*--profile mia[\s\S]*18909/,
      );
      const { stdout } = await add("--openclaw-port", "18789");
      expect(JSON.parse(stdout), stdout).toMatchObject({ ok: true, stack: "mia" });
      const file = readFileSync(join(desk.project, "Pulumi.mia.yaml"), "utf8");
      expect(file).toMatch(/emails:\n +- mia@example\.com\n/);
      expect(file).toContain("openclaw-gateway:signIn: access");
      expect(file).toContain(`host: ${stage().host.address}`);
      expect(file).toMatch(/privateKey:\n +secure: /);
      expect(file).toMatch(/cloudflare:apiToken:\n +secure: /);
      expect(file).not.toMatch(/owner@example\.com|logLevel/);
      expect(file).not.toContain("phone");
      const again = await add("--openclaw-port", "18789");
      expect(JSON.parse(again.stdout).error.code).toBe("STACK_EXISTS");

      const devices = await desk.family(["devices", "mia", "--json"]);
      expect(JSON.parse(devices.stdout), devices.stderr).toEqual({ pending: [], paired: [] });
      const unknown = await desk.family(["devices", "mia", "--approve", "--latest"]);
      expect(unknown.stderr).toContain("DEVICE_UNKNOWN");
      const gone = await desk.family(["devices", "mia", "--remove", "0123abcd"]);
      expect(gone.stderr).toMatch(/DEVICE_UNKNOWN: OpenClaw on [\d.]+ has no device 0123abcd: it has none/);
    }, 120_000);

    test("lets a Pi be mended later, having said what is wrong with it", async () => {
      const screen = desk.sitDown(["--stack", stack, "--backend", desk.backend, "--openclaw-port", "19999"]);
      await screen.sees("It is there already");
      await screen.chooses("Where shall the API token be kept?", "In the stack");
      await screen.asked("Hostname of its own");
      await screen.asked("Email addresses");
      await screen.asked("Names of the service tokens");
      await screen.asked("Address of the Pi");
      await screen.chooses("With which key", "The one that the stack has");
      await screen.sees("OPENCLAW_PORT");
      await screen.chooses("What now?", "Go on");
      await screen.sees("not ready yet, looked at again by pulumi up");
      screen.presses(keys.ctrlC);
      expect(await screen.ended()).toBe(130);
      expect(stackFile()).not.toContain("19999");
    }, 120_000);
  });
}
