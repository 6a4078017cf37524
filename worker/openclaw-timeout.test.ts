import { afterEach, expect, it, vi } from "vitest";
import type { Gateway } from "./config.ts";
import { beginExchange } from "./exchange.ts";
import { fetchOpenClaw } from "./openclaw.ts";

afterEach(() => {
  vi.useRealTimers();
});

const request = new Request("https://claw.example.com/", { headers: { "cf-connecting-ip": "203.0.113.9" } });
const exchange = beginExchange(request, {} as ExecutionContext);
const gatewayThat = (fetch: () => Promise<Response>) => ({ vpcService: { fetch } }) as unknown as Gateway;
const call = { exchange, target: "/", identity: undefined, timeoutMs: 600_000 } as const;

it("an answer that does not begin in its route's time is OPENCLAW_TIMEOUT", async () => {
  vi.useFakeTimers();
  const answer = fetchOpenClaw(
    gatewayThat(() => new Promise(() => undefined)),
    call,
  );
  const refused = expect(answer).rejects.toMatchObject({ code: "OPENCLAW_TIMEOUT", status: 504 });
  await vi.advanceTimersByTimeAsync(600_000);
  await refused;
});

it("one that takes ten seconds, as the first after a start does, is no error", async () => {
  vi.useFakeTimers();
  const slow = () =>
    new Promise<Response>((resolve) => setTimeout(() => resolve(new Response("late")), 10_000));
  const answer = fetchOpenClaw(gatewayThat(slow), call);
  await vi.advanceTimersByTimeAsync(10_000);
  expect(await (await answer).text()).toBe("late");
  expect(vi.getTimerCount()).toBe(0);
});
