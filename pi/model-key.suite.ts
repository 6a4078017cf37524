import { afterEach, beforeEach, describe, expect } from "vitest";
import { encodedPiProgram, piScript } from "../infra/pi-script.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { watchProcesses } from "../rehearsal/testing/watch.ts";
import { folder, openclawOnPi } from "./testing/openclaw-on-pi.ts";

const script = piScript("model-key", { asRoot: false });
const old = "stub-key";
const next = "sk-next-0123456789abcdef";
const keysFile = "/opt/rehearsal/model-keys";

/** The key of OpenClaw's model provider, with a model that takes the keys it is told and refuses all others. */
export function modelKeySuite(stage: () => Stage): void {
  describe("the key of a model provider on the Pi", { timeout: 240_000 }, () => {
    const { run, sh, config, write, files } = openclawOnPi(stage);
    let before = "";
    const asRoot = (command: string, stdin = "") => stage().host.exec(command, { asRoot: true, stdin });
    /** The keys that the model takes from now on. */
    const takes = (...keys: string[]) => asRoot(`tee ${keysFile}`, keys.map((key) => `${key}\n`).join(""));
    const ask = (order: Readonly<Record<string, string>>) =>
      stage().host.exec(script.command("create"), {
        stdin: script.stdin({
          stack: "suite",
          openclaw_port: "18789",
          program: encodedPiProgram("model-key"),
          ...order,
        }),
        timeoutMs: 230_000,
      });
    const replace = (key = next) => ask({ order: "replace", provider: "stub", new_key: key });
    const keyNow = async () => JSON.parse(await config()).models.providers.stub.apiKey;
    const holding = (key: string) => sh(`grep -rlF -- ${key} ${folder} || true`);
    const processId = () => sh("systemctl --user show -p MainPID --value openclaw-gateway.service");
    const chat = () =>
      sh(
        `curl -s -m 100 -H 'authorization: Bearer ${stage().host.gatewayToken}' -H 'content-type: application/json' -d '{"model":"openclaw","messages":[{"role":"user","content":"hi"}]}' http://127.0.0.1:18789/v1/chat/completions`,
      );

    beforeEach(async () => {
      before = await config();
      await run("create");
    });
    afterEach(async () => {
      await asRoot(`rm -f ${keysFile}`);
      await sh(`rm -f ${folder}/openclaw-gateway-model-key.json`);
    });

    longTest(
      "is replaced while OpenClaw runs, is nowhere any more, and destroy brings the file back with the new one",
      async () => {
        // What refuses the old one shows that it is the new one which the gateway has.
        await takes(next);
        const running = await processId();
        const watch = watchProcesses(() => ({ old, next }));
        const { code, stdout, stderr } = await replace();
        expect((await watch.stop()).found).toEqual([]);
        expect(JSON.parse(stdout)).toEqual({ provider: "stub", model: "stub/stub-1", left: [] });
        expect(code).toBe(0);
        expect(stdout + stderr).not.toContain(next);
        expect(await keyNow()).toBe(next);
        expect(await holding(old)).toBe("");
        expect(await processId()).toBe(running);
        expect(await run("delete")).toMatchObject({ code: 0 });
        expect(await config()).toBe(before.replace(old, next));
        expect(await files()).toBe("openclaw.json\n");
      },
    );

    longTest(
      "that the model refuses changes nothing, and OpenClaw answers with the old one as before",
      async () => {
        await takes(old);
        const now = await config();
        const { code, stderr } = await replace();
        expect(code).toBe(1);
        expect(stderr).toMatch(/^MODEL_KEY_REFUSED: stub\/stub-1 .*\n {2}nothing was changed/m);
        expect(stderr).not.toContain(next);
        expect(await config()).toBe(now);
        expect(await chat()).toContain("model heard: hi");
      },
    );

    longTest("that the model refuses in the end is put back to the very bytes", async () => {
      await takes(old, next);
      const now = await config();
      const taken = `until grep -qF ${next} ${folder}/openclaw.json; do sleep 0.02; done`;
      const revoked = asRoot(`timeout 100 sh -c '${taken}; echo ${old} > ${keysFile}'`);
      const { code, stderr } = await replace();
      expect((await revoked).code).toBe(0);
      expect(code).toBe(1);
      expect(stderr).toContain("ROTATION_PUT_BACK");
      expect(await config()).toBe(now);
      expect(await files()).not.toContain("model-key");
    });

    longTest(
      "whose run was killed before it was seen to work is brought to its end by the next one",
      async () => {
        await takes(next);
        const written = `until grep -qF ${next} ${folder}/openclaw.json; do sleep 0.02; done`;
        const killed = sh(
          `timeout 100 sh -c '${written}; kill -9 $(pgrep -f "[i]nput-type=module - replace")' && echo yes`,
        );
        await replace();
        expect(await killed).toBe("yes\n");
        expect(await files()).toContain("openclaw-gateway-model-key.json");
        const { code, stdout } = await replace();
        expect(code).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ model: "stub/stub-1" });
        expect(await holding(old)).toBe("");
        expect(await files()).not.toContain("model-key");
      },
    );

    longTest("that openclaw.json does not hold is left as it is", async () => {
      const { models, ...rest } = JSON.parse(await config());
      const apiKey = { source: "env", provider: "default", id: "STUB_KEY" };
      const referred = JSON.stringify({
        ...rest,
        models: { providers: { stub: { ...models.providers.stub, apiKey } } },
      });
      await write(referred);
      const { providers } = JSON.parse((await ask({ order: "list" })).stdout);
      expect(providers).toContainEqual({
        id: "stub",
        kept: "in the environment variable STUB_KEY",
        here: false,
      });
      const { code, stderr } = await replace();
      expect(code).toBe(1);
      expect(stderr).toContain(
        "MODEL_KEY_ELSEWHERE: the key of stub is in the environment variable STUB_KEY",
      );
      expect(await config()).toBe(referred);
    });
  });
}
