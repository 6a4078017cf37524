import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { projectFolder } from "../init/places.ts";
import type { Pulumi } from "../init/pulumi.ts";
import { chosen, household } from "./household.ts";

beforeEach(() => {
  vi.stubEnv("PULUMI_BACKEND_URL", undefined);
  vi.stubEnv("XDG_CONFIG_HOME", "/nonexistent");
});
afterEach(() => void vi.unstubAllEnvs());

/** Pulumi, logged in there, with these stacks in each backend. */
function pulumiAt(url: string | Error, stacks: Readonly<Record<string, string[]>>): Pulumi {
  const at = (backend: string | undefined): Pulumi =>
    Object.assign(
      async ([command]: readonly string[]) => {
        if (command === "whoami" && url instanceof Error) throw url;
        if (command === "whoami") return JSON.stringify({ user: "mia", url });
        const names = stacks[backend ?? ""];
        if (!names) throw new Error(`no backend ${backend}`);
        return JSON.stringify(names.map((name) => ({ name })));
      },
      { with: (env: Readonly<Record<string, string>>) => at(env.PULUMI_BACKEND_URL) },
    );
  return at(undefined);
}

test.each([
  ["Pulumi Cloud", "https://app.pulumi.com/mia", "https://api.pulumi.com"],
  ["a server of one's own", "https://app.pulumi.example.com/mia", "https://api.pulumi.example.com"],
  ["one that has no such name", "https://pulumi.example.com/", "https://pulumi.example.com"],
  ["a folder", "file://~", "file://~"],
  ["a bucket", "s3://family-state", "s3://family-state"],
])("of %s, where one is logged in, it takes the URL that login takes", async (_what, url, wanted) => {
  const [stack] = await household(pulumiAt(url, { [wanted]: ["home"] }));
  expect(stack).toMatchObject({ name: "home", backend: wanted, env: { PULUMI_BACKEND_URL: wanted } });
});

test("keeps the organisation of a stack for --stack, and takes its own name for everything else", async () => {
  const [stack] = await household(
    pulumiAt("https://app.pulumi.com/mia", { "https://api.pulumi.com": ["family/home"] }),
  );
  expect(stack).toMatchObject({ name: "home", reference: "family/home" });
  expect(stack?.file).toBe(`${projectFolder()}/Pulumi.home.yaml`);
});

test("without a login there is no stack, and the refusal says how there will be one", async () => {
  const loggedOut = new Error(
    "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions",
  );
  expect(await household(pulumiAt(loggedOut, {}))).toEqual([]);
  expect(() => chosen([], [])).toThrow(/STACKS_NONE: .*\n.*npm run init/);
  expect(() => chosen([], ["mia"])).toThrow(/STACKS_NONE: .*\n.*npm run init -- --stack mia/);
});

test("says what is wrong where Pulumi cannot tell, instead of finding nothing", async () => {
  await expect(household(pulumiAt(new Error("connection refused"), {}))).rejects.toThrow(
    "connection refused",
  );
});
