import { expect, test } from "vitest";
import type { Pending } from "./record.ts";
import { standingIn } from "./standing.ts";

const until = "2030-01-02T00:00:00Z";
const run = "npm run rotate -- --stack home";

test.each<[string, Pending["phase"], string, string]>([
  ["service-token:cli", "building", `the old one is good, at least until ${until}`, "service-token:cli"],
  ["service-token:cli", "lost", "the stack does not have it", "service-token:cli --overlap 0"],
  ["service-token:cli", "overlap", `the new one works; the old one is good until ${until}`, "--finish"],
  ["api-key", "ending", "not yet seen refused", "--finish"],
  ["tunnel-token", "building", "Cloudflare refuses the old one to connectors that come anew", "tunnel-token"],
  ["tunnel-token", "overlap", "whether the old one is refused was not seen", "--finish"],
  ["tunnel-token", "lost", "the old one goes on", "tunnel-token"],
  ["gateway-token", "building", "both the old and the new one are kept", "gateway-token"],
  ["model-key:stub", "building", "leave the old one alive at its provider", ""],
])("%s, %s: what is good where, and what goes on with it", (target, phase, words, next) => {
  const [line = "", ...others] = standingIn("home", { pending: { [target]: { phase, until } } });
  expect(others).toEqual([]);
  expect(line).toContain(`${target}: `);
  expect(line).toContain(words);
  expect(line.endsWith(`; go on: ${`${run} ${next}`.trimEnd()}`)).toBe(true);
});

test("nothing where nothing is under way", () => {
  expect(standingIn("home", { pending: {} })).toEqual([]);
});
