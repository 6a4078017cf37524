import { mkdtemp, rm, symlink } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { currentBackend, loginUrl, sameBackend } from "./current-backend.ts";
import type { Pulumi } from "./pulumi.ts";

test.each([
  ["https://app.pulumi.com/mia", "https://api.pulumi.com"],
  ["https://app.pulumi.com", "https://api.pulumi.com"],
  ["https://app.pulumi.example.com:8443/mia", "https://api.pulumi.example.com:8443"],
  ["http://localhost:3000/mia", "http://localhost:8080"],
  ["file://~", "file://~"],
  ["s3://family-state?region=us-east-1", "s3://family-state?region=us-east-1"],
  // Not one that `pulumi login` takes, and nothing that it could be made from.
  ["", undefined],
  ["https://console.example.com/mia", undefined],
])("of what Pulumi shows as %j the address to log in at is %j", (shown, address) => {
  expect(loginUrl(shown, "")).toBe(address);
});

test("a console with a name of its own says nothing of its server", () => {
  expect(loginUrl("https://app.example.com/mia", "app.example.com")).toBeUndefined();
});

/** Pulumi, where it says this. */
const saying = (words: Readonly<Record<string, unknown>>): Pulumi => {
  const say = async ([command = ""]: readonly string[]) => {
    if (words[command] instanceof Error) throw words[command];
    return JSON.stringify(words[command]);
  };
  return Object.assign(say, { with: () => saying(words) });
};

test("only that nobody is logged in is no backend; another failure is one", async () => {
  vi.stubEnv("PULUMI_BACKEND_URL", "");
  onTestFinished(() => void vi.unstubAllEnvs());
  const failing = (message: string) => currentBackend(saying({ whoami: new Error(message) }));
  const nobody = "error: PULUMI_ACCESS_TOKEN must be set for login during non-interactive CLI sessions";
  expect(await failing(nobody)).toBeUndefined();
  await expect(failing("error: invalid access token")).rejects.toThrow("invalid access token");
});

test("takes spellings of one folder for the same, and no others", async () => {
  const folder = await mkdtemp(join(tmpdir(), "backend-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  await symlink(folder, `${folder}/link`);
  const same = (url: string) => sameBackend(url, folder);
  const home = userInfo().homedir;
  expect(same("file://~/")).toBe(same("file://~"));
  expect(same(`file://${home}`)).toBe(same("file://~"));
  expect(same("file://~/state")).toBe(same(`file://${home}//state/`));
  for (const url of [
    `file://${folder}/`,
    "file://.",
    "file://./",
    "file://./link",
    "file://?no_tmp_dir=true",
  ])
    expect(same(url), url).toBe(same(`file://${folder}`));
  expect(same("file://./state")).not.toBe(same("file://."));
  expect(same("s3://state/family/?region=a")).toBe(same("s3://state/family?region=a"));
  expect(same("s3://state/family?region=a")).not.toBe(same("s3://state/family?region=b"));
  expect(same("https://api.pulumi.com/")).toBe(same("https://api.pulumi.com"));
});
