import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { BINDINGS } from "./testing/bindings.ts";
import { startGateway, type TestGateway } from "./testing/gateway.ts";

let gateway: TestGateway;
beforeAll(async () => {
  const roles = { ...JSON.parse(BINDINGS.ROLES), agents: { owner: ["web"], member: ["web"] } };
  gateway = await startGateway({
    bindings: { SIGN_IN: "access", OPENCLAW_GATEWAY_TOKEN: undefined, ROLES: JSON.stringify(roles) },
  });
});
afterAll(() => gateway?.close());
beforeEach(() => gateway.openclaw.reset());

async function outcome(path: string, email = "mel@example.com") {
  const answer = await gateway.fetch(path, { token: await gateway.team.person({ email }) });
  const body = (await answer.json()) as { error?: { code: string } };
  expect(gateway.openclaw.requests.length > 0).toBe(answer.status === 200);
  return answer.status === 200 ? "reached" : `${answer.status} ${body.error?.code}`;
}
const media = (query: string) => `/__openclaw__/assistant-media?source=/home/pi/a.png${query}`;

describe("a member who may talk to one agent finds what was placed in its sessions", () => {
  it.each([
    media("&sessionKey=agent:web:main"),
    media("&sessionKey=agent%3Aweb%3Amain&agentId=web&meta=1"),
    media("&sessionKey=main&agentId=web"),
    "/api/chat/media/outgoing/agent:web:main/0-1/full",
    "/__openclaw__/channel-avatar/agent%3Aweb%3Amain",
    "/api/users/mel/avatar",
    "/avatar/web",
  ])("%s", async (path) => {
    expect(await outcome(path)).toBe("reached");
  });
});

describe("and nothing of another agent's, by whatever parameter", () => {
  it.each([
    media("&sessionKey=agent:main:main"),
    media("&sessionKey=agent:main:main&sessionKey=agent:web:main"),
    media("&sessionKey=agent:main:main&agentId=web"),
    media("&sessionKey=agent:web:main&agentId=main"),
    media("&sessionKey=%20AGENT:main:main"),
    media("&sessionKey=agent%20:web:main"),
    media("&sessionKey=main"),
    media("&sessionKey=&agentId=web"),
    media("&sessionKey=%20&agentId=web"),
    media("&agentId=web"),
    media("&mediaTicket=x"),
    media(""),
    "/api/chat/media/outgoing/agent:main:main/0-1/full",
    "/api/chat/media/outgoing/agent%3Amain%3Amain/0-1/full?sessionKey=agent:web:main",
    "/api/chat/media/outgoing/main/0-1/full",
    "/__openclaw__/channel-avatar/agent:main:main",
  ])("%s", async (path) => {
    expect(await outcome(path)).toBe("403 ROLE_REFUSED");
  });
});

it("an owner finds all of it", async () => {
  expect(await outcome(media("&sessionKey=agent:main:main"), "ada@example.com")).toBe("reached");
  expect(await outcome(media(""), "ada@example.com")).toBe("reached");
});

it("an owner finds what other agents' sessions hold, whatever the API talks to", async () => {
  expect(await outcome(media("&sessionKey=agent:main:main"), "ada@example.com")).toBe("reached");
});
