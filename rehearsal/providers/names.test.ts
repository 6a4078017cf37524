import { describe, expect, it } from "vitest";
import { project, toApi, toApiName, toSdk, toSdkName } from "./names.ts";

const renames = { includes: "include", newStatuses: "new_status" };

describe("names", () => {
  it.each([
    ["accountId", "account_id"],
    ["ipv4", "ipv4"],
    ["serviceAuth401Redirect", "service_auth_401_redirect"],
    ["warpAuthNonBrowser401", "warp_auth_non_browser_401"],
    ["newStatuses", "new_status"],
  ])("translate %s to the API's %s and back", (sdk, api) => {
    expect(toApiName(sdk, renames)).toBe(api);
    expect(toSdkName(api, renames)).toBe(sdk);
  });

  it("translate at any depth and leave values alone", () => {
    const program = { includes: [{ serviceToken: { tokenId: "aB_c" } }] };
    expect(toApi(program, renames)).toEqual({ include: [{ service_token: { token_id: "aB_c" } }] });
    expect(toSdk(toApi(program, renames), renames)).toEqual(program);
  });

  it("leave out what the API says is nothing", () => {
    expect(toSdk({ deleted_at: null, name: "n" }, {})).toEqual({ name: "n" });
  });
});

describe("the projection of an answer on what a program set", () => {
  it("drops the API's own defaults, also in lists", () => {
    const answer = { enabled: true, logs: { enabled: true, persist: true }, list: [{ a: 1, b: 2 }] };
    expect(project(answer, { logs: { enabled: true }, list: [{ a: 0 }] })).toEqual({
      logs: { enabled: true },
      list: [{ a: 1 }],
    });
  });

  it("shows what was added to a list and what is gone", () => {
    expect(project([{ a: 1 }, { a: 2 }], [{ a: 1 }])).toEqual([{ a: 1 }, { a: 2 }]);
    expect(project({ a: 1 }, { a: 1, b: 2 })).toEqual({ a: 1 });
  });
});
