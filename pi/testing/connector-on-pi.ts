import { afterEach } from "vitest";
import { piScript } from "../../infra/pi-script.ts";
import type { Stage } from "../../rehearsal/stage.ts";
import { cloudflareApi } from "../../rehearsal/testing/cloudflare-api.ts";

const script = piScript("connector", { asRoot: true });

interface Wish {
  readonly version?: string;
  readonly upgrades?: "apt" | "hold" | "unattended";
  /** Another text of the script than its own. */
  readonly changed?: (source: string) => string;
}

/** The connector step on the stage's host; what a test makes with it is removed after the test. */
export function connectorOnPi(stage: () => Stage) {
  const made: { id: string; stack: string }[] = [];
  const undo: string[] = [];
  const api = () => cloudflareApi(stage().cloudflare);

  const asRoot = async (command: string, stdin = ""): Promise<string> => {
    const { code, stdout, stderr } = await stage().host.exec(command, {
      asRoot: true,
      stdin,
      timeoutMs: 130_000,
    });
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout.trim();
  };

  const remove = (stack: string) =>
    stage().host.exec(script.command("delete"), { stdin: script.stdin({ stack }), timeoutMs: 180_000 });

  afterEach(async () => {
    for (const command of undo.splice(0)) await asRoot(command);
    for (const { id, stack } of made.splice(0)) {
      await remove(stack);
      await api().deleteTunnel(id);
    }
  });

  return {
    api,
    asRoot,
    remove,
    /** Changes the host for the rest of the test. */
    async change(command: string, back: string): Promise<void> {
      undo.unshift(back);
      await asRoot(command);
    },
    async newTunnel(stack: string) {
      const tunnel = await api().createTunnel(`connector-${stack}`);
      made.push({ id: tunnel.id, stack });
      return tunnel;
    },
    create(stack: string, token: string, { version = "any", upgrades = "apt", changed }: Wish = {}) {
      const stdin = script.stdin({ stack, tunnel_token: token, version, upgrades });
      return stage().host.exec(script.command("create"), {
        stdin: changed ? withText(stdin, changed) : stdin,
        timeoutMs: 180_000,
      });
    },
  };
}

function withText(stdin: string, changed: (source: string) => string): string {
  const [encoded = "", ...settings] = stdin.split("\n");
  const source = Buffer.from(encoded, "base64").toString();
  const text = changed(source);
  if (text === source) throw new Error("the script's text was not changed");
  return [Buffer.from(text).toString("base64"), ...settings].join("\n");
}
