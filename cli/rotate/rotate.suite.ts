import { join } from "node:path";
import { describe, expect } from "vitest";
import { quiet } from "../../rehearsal/progress.ts";
import type { Stage } from "../../rehearsal/stage.ts";
import { expectNoDrift } from "../../rehearsal/testing/drift.ts";
import { longTest } from "../../rehearsal/testing/long-test.ts";
import { watchProcesses } from "../../rehearsal/testing/watch.ts";
import { visitorOf } from "../../rehearsal/walk/visitor.ts";
import { stackConfig } from "../../rehearsal/walk/walk.ts";
import { pulumiOf } from "../init/pulumi.ts";
import type { GatewayAnswer } from "./gateway.ts";
import { rotateGatewayToken } from "./gateway-token.ts";
import type { OpenStack } from "./open-stack.ts";
import { rotate } from "./rotate.ts";
import { readScene, type Surroundings } from "./scene.ts";
import { tunnelToken } from "./tunnel-token.ts";

const name = "rotated";

/** Rotations that a Pi takes part in, on the real OpenClaw. */
export function rotateSuite(stage: () => Stage): void {
  describe("npm run rotate, at a Pi", () => {
    const opened = (): OpenStack => {
      const { engine, workspace } = stage();
      const PATH = [engine.languageHost, process.env.PATH].filter(Boolean).join(":");
      return {
        name,
        ref: name,
        file: join(workspace.folder, `Pulumi.${name}.yaml`),
        pulumi: pulumiOf(engine, workspace.folder, { ...workspace.env, PATH }),
      };
    };
    const around = (change: Partial<Surroundings> = {}): Surroundings => ({
      progress: quiet,
      now: () => new Date(),
      patienceMs: 20_000,
      signal: new AbortController().signal,
      async ask(url, path, credentials): Promise<GatewayAnswer> {
        const { cloudflare, ca, workspace } = stage();
        const visitor = await visitorOf(url, {
          edgeAddress: cloudflare.edgeAddress,
          caCertificate: ca.certificate,
          credentials,
          folder: join(workspace.folder, "rotating"),
        });
        const { status, body } = await visitor.get(path);
        return { status, code: /"code":"(\w+)"/.exec(body)?.[1] ?? "", byWorker: status === 200 };
      },
      ...change,
    });
    const onPi = async (command: string, asRoot = false) =>
      (await stage().host.exec(command, { asRoot })).stdout.trim();
    const tokenOnPi = async (): Promise<string> =>
      JSON.parse(await onPi("cat ~/.openclaw/openclaw.json")).gateway.auth.token;

    longTest(
      "replaces OpenClaw's own token, puts it back when no request gets through, and the tunnel's with it",
      async () => {
        const built = await stage().workspace.stack(name, stackConfig(stage()));
        await built.up();
        try {
          const first = await tokenOnPi();
          const watch = watchProcesses(() => ({ first }));
          await rotateGatewayToken(opened(), around());
          expect((await watch.stop()).found).toEqual([]);
          const second = await tokenOnPi();
          expect(second).not.toBe(first);
          const through = async (path: string) => {
            const { outputs } = await readScene(opened());
            const credentials = outputs.serviceTokens?.cli as { clientId: string; clientSecret: string };
            return (await around().ask(outputs.url as string, path, credentials)).status;
          };
          expect(await through("/v1/models")).toBe(200);
          const withFirst = `curl -s -o /dev/null -w '%{http_code}' -H 'authorization: Bearer ${first}' -H 'x-forwarded-for: 192.0.2.7' http://127.0.0.1:18789/v1/models`;
          expect(await onPi(withFirst)).toBe("401");

          const deaf = around({
            patienceMs: 0,
            ask: async () => ({ status: 502, code: "X", byWorker: true }),
          });
          await expect(rotateGatewayToken(opened(), deaf)).rejects.toThrow("ROTATION_PUT_BACK");
          expect(await tokenOnPi()).toBe(second);
          expect(await through("/v1/models")).toBe(200);
          expect((await readScene(opened())).record).toMatchObject({ pending: {}, kept: {} });

          const file = `cat /etc/openclaw-gateway/${name}/tunnel-token`;
          const before = await onPi(file, true);
          expect(await rotate(opened(), [tunnelToken], 24, around())).toMatchObject({
            ended: ["tunnel-token"],
          });
          expect(await onPi(file, true)).not.toBe(before);
          expect(await through("/ready")).toBe(200);
          await expectNoDrift(built);
        } finally {
          await built.destroy();
          // OpenClaw's own copies of before; an inventory of a later suite would take them for ours.
          await onPi("rm -f ~/.openclaw/openclaw.json.bak*");
        }
      },
      600_000,
    );
  });
}
