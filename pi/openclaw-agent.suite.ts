import { beforeEach, describe, expect, test } from "vitest";
import { checkConfig } from "../infra/config.ts";
import { type OpenClawWanted, openclawWanted } from "../infra/openclaw-wanted.ts";
import type { Stage } from "../rehearsal/stage.ts";
import { longTest } from "../rehearsal/testing/long-test.ts";
import { folder, openclawOnPi, origin } from "./testing/openclaw-on-pi.ts";

/** What a model tries that somebody has talked into it, by the names of OpenClaw's tools. */
const ATTEMPTS = {
  exec: { command: "touch /home/pi/taken" },
  write: { path: "/home/pi/taken", content: "taken" },
  read: { path: "/home/pi/.openclaw/openclaw.json" },
  web_fetch: { url: "http://127.0.0.1:18080/v1/models" },
};

/** The agent that the gateway has for itself, on the real OpenClaw. */
export function openclawAgentSuite(stage: () => Stage): void {
  describe("the gateway's own agent", { timeout: 240_000 }, () => {
    const { run, sh, config, files } = openclawOnPi(stage);
    let before = "";
    let wanted: OpenClawWanted;
    beforeEach(async () => {
      before = await config();
      const { address: host, hostKey } = stage().host;
      const { accountId } = stage().cloudflare;
      const raw = { accountId, pi: { host, hostKey }, access: { emails: ["owner@example.com"] } };
      wanted = openclawWanted(checkConfig("suite", { ...raw, webAgent: { enabled: true } }), origin);
    });

    const ask = async (agent: string, tool: string, parameters: object): Promise<string> => {
      const content = `Use the tool ${tool} with ${JSON.stringify(parameters)}`;
      const answer = await sh(
        "IFS= read -r header; curl -s -m 50 -H 'content-type: application/json' -H \"$header\" -H 'x-forwarded-for: 192.0.2.7' --data-binary @- http://127.0.0.1:18789/v1/chat/completions",
        `authorization: Bearer ${stage().host.gatewayToken}\n`.concat(
          JSON.stringify({ model: `openclaw/${agent}`, messages: [{ role: "user", content }] }),
        ),
      );
      return JSON.parse(answer).choices[0].message.content;
    };

    test("has no shell, no files and no web, whatever its model is talked into; the owner's has", async () => {
      expect(await run("create", { webAgent: wanted.webAgent })).toMatchObject({ code: 0 });
      for (const [tool, parameters] of Object.entries(ATTEMPTS)) {
        expect(await ask("web", tool, parameters)).toMatch(/^The tool said: .*(not found|Unknown tool)/is);
        const hidden = { id: tool, params: parameters, args: parameters };
        expect(await ask("web", "tool_call", hidden)).toMatch(/^The tool said: .*(not found|Unknown tool)/is);
      }
      expect(await sh("ls /home/pi/taken 2>&1")).toContain("No such file");
      // What the same model does as the owner's agent, so that the attempts are known to be some.
      await ask("main", "exec", ATTEMPTS.exec);
      expect(await sh("ls /home/pi/taken && rm /home/pi/taken")).toBe("/home/pi/taken\n");

      expect(await run("delete")).toMatchObject({ code: 0 });
      expect(await config()).toBe(before);
      expect(await files()).toBe("openclaw.json\n");
    });

    longTest("comes and goes with its switch, with what OpenClaw writes down because of it", async () => {
      await run("create");
      const plain = JSON.parse(await config());
      await run("create", { webAgent: wanted.webAgent });
      expect(JSON.parse(await config()).agents.entries.web).toMatchObject({
        workspace: `${folder}/workspace-web`,
      });
      expect(await run("create", { webAgent: wanted.webAgent })).toMatchObject({ code: 0, stderr: "" });
      expect(await run("create")).toMatchObject({ code: 0 });
      const { meta: _stamp, ...after } = JSON.parse(await config());
      const { meta: _other, ...expected } = plain;
      expect(pruned(after)).toEqual(pruned(expected));
    });

    test("does not take over an agent of somebody's own", async () => {
      const own = JSON.parse(before);
      own.agents.entries = { web: { name: "Mine" } };
      await sh(`cat >${folder}/openclaw.json`, JSON.stringify(own));
      const { code, stderr } = await run("create", { webAgent: wanted.webAgent });
      expect(code).toBe(1);
      expect(stderr).toContain('OPENCLAW_AGENT_EXISTS: OpenClaw has an agent "web" of somebody\'s own');
      expect(JSON.parse(await config())).toEqual(own);
    });
  });
}

/** Without objects that hold nothing. */
function pruned(value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, pruned(inner)] as const);
  return Object.fromEntries(entries.filter(([, inner]) => JSON.stringify(inner) !== "{}"));
}
