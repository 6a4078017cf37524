import { describe, expect, it } from "vitest";
import { checkUrl, pathOf } from "./paths.ts";

const ORIGIN = "https://claw.example.com";
const codeOf = (path: string) => {
  try {
    checkUrl(ORIGIN + path);
    return "fine";
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("the path for the router", () => {
  it.each([
    ["", "/"],
    ["/", "/"],
    ["/?a=/b", "/"],
    ["/#/b", "/"],
    ["/chat/main?x=1", "/chat/main"],
    ["/v1/models/openclaw%2Fmain", "/v1/models/openclaw/main"],
    ["/v1/models/openclaw%2fmain", "/v1/models/openclaw/main"],
    ["/v1/models/openclaw%2F..%2Fadmin", "/v1/models/openclaw%2F..%2Fadmin"],
    ["/v1/models/other%2Fmain", "/v1/models/other%2Fmain"],
  ])("of %j is %j", (path, expected) => {
    expect(pathOf(ORIGIN + path)).toBe(expected);
  });
});

describe("a URL that two readers might read differently", () => {
  it.each([
    ...["//v1/models", "/v1//models", "/v1/../tools/invoke", "/./v1/models", "/v1/%2e%2e/tools", "/.."],
    ...[
      "/v1%2fmodels",
      "/v1%2Fmodels",
      "/a%5cb",
      "/a\\b",
      "/a%00",
      "/a%0d%0ab",
      "/a;b",
      "/a%3Bb",
      "/a%252fb",
    ],
    ...["/a%", "/a%zz", "/a%ff", "/a%c0%af", "/v1/models/other%2Fmain"],
  ])("%j is refused", (path) => {
    expect(codeOf(path)).toBe("URL_REFUSED");
  });

  it.each([
    "/",
    "/chat/agent%3Amain%3Amain",
    "/chat/caf%C3%A9",
    "/assets/a-B5fn.js",
    "/v1/models/openclaw%2Fmain",
  ])("%j is not", (path) => {
    expect(codeOf(path)).toBe("fine");
  });
});

describe("a secret in the query", () => {
  it.each([
    "/?token=s",
    "/?a=1&TOKEN=s",
    "/chat?bootstrapToken=s",
    "/?password=s",
    "/v1/models?api_key=s",
    "/?%74oken=s",
  ])("%j is refused", (path) => {
    expect(codeOf(path)).toBe("SECRET_IN_URL");
  });

  it.each(["/?v=1", "/?max_tokens=3", "/#token=s"])("%j holds none", (path) => {
    expect(codeOf(path)).toBe("fine");
  });
});
