import { describe, expect, test } from "vitest";
import { checkConfig } from "../../infra/config.ts";
import { named, targetsOf } from "./targets.ts";

const raw = {
  accountId: "0".repeat(32),
  pi: { host: "192.168.1.20", hostKey: `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${"A".repeat(43)}` },
  access: { emails: ["you@example.com"] },
  serviceTokens: [{ name: "cli" }, { name: "phone" }],
};
const config = checkConfig("home", raw);

describe("the names of a command line", () => {
  test.each([
    [["service-token"], ["service-token:cli", "service-token:phone"]],
    [
      ["service-token:phone", "service-token"],
      ["service-token:phone", "service-token:cli"],
    ],
    [["tunnel-token"], ["tunnel-token"]],
    // Whose replacement is a matter of its own.
    [["gateway-token", "model-key", "model-key:stub"], []],
  ])("%j", (names, targets) => {
    expect(named(config, "home", names).map(({ target }) => target)).toEqual(targets);
  });

  test.each(["service-token:phones", "tunnel", "api-keys", "", "service-token:"])(
    "that the stack does not have are refused with those it has (%j)",
    (name) => {
      const naming = () => named(config, "home", ["tunnel-token", name]);
      expect(naming).toThrow(`ROTATION_UNKNOWN: the stack home has no ${JSON.stringify(name)}`);
      expect(naming).toThrow(
        "it has: service-token:cli, service-token:phone, tunnel-token, gateway-token, model-key",
      );
    },
  );

  test("of a service token where there is none are refused", () => {
    const without = checkConfig("home", { ...raw, serviceTokens: [] });
    expect(() => named(without, "home", ["service-token"])).toThrow("ROTATION_UNKNOWN");
  });
});

test("a reused tunnel's token is none of the stack's", () => {
  const reusing = checkConfig("home", { ...raw, tunnel: { id: "00000000-0000-4000-8000-000000000001" } });
  expect(targetsOf(reusing)).not.toContain("tunnel-token");
  expect(targetsOf(config)).toContain("tunnel-token");
});
