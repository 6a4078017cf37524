import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkUrl, pathOf } from "./paths.ts";
import { EXACT, FAMILIES } from "./route-table.ts";
import { findRoute } from "./routes.ts";

const gateway = { endpoints: new Set<never>() };
const METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "TRACE", "CONNECT", "get", "QUERY"];
const known = [
  ...EXACT.keys(),
  ...[...FAMILIES.values()].flat().map(({ name }) => name.slice("GET ".length)),
];
const segment = fc.oneof(
  fc.constantFrom(...new Set(known.flatMap((path) => path.split("/")))),
  fc.constantFrom(
    "",
    ".",
    "..",
    "%2e%2e",
    "%2F",
    "..%2f",
    "a;b",
    "\\",
    "%5c",
    "tools",
    "invoke",
    "agent%3Amain",
    "%ff",
  ),
  fc.webPath(),
  fc.string(),
);
const path = fc.oneof(
  fc.constantFrom(...known),
  fc.array(segment, { maxLength: 6 }).map((parts) => `/${parts.join("/")}`),
);

/** What OpenClaw would ever be asked for. */
const TARGETS = [
  /^\/$/,
  /^\/v1\/(chat\/completions|models(\/openclaw(%2F[\w.-]+)?)?)$/,
  /^\/(readyz|control-ui-config\.json|manifest\.webmanifest|sw\.js|favicon\.(ico|svg)|favicon-32\.png|apple-touch-icon\.png)$/,
  /^\/(app-art|assets|cloud-provider-icons|community-art|file-icons|fonts|provider-icons|themes)(\/\w[\w.-]*){1,3}$/,
  /^\/api\/users\/\w[\w.-]*\/avatar$/,
  /^\/api\/chat\/media\/outgoing(\/[\w.%~-]+){3}$/,
  /^\/api\/artifacts\/download(\/[\w.%~-]+){2}$/,
  /^\/avatar\/[\w.%~-]+$/,
  /^\/__openclaw__\/assistant-media$/,
  /^\/__openclaw__\/(catalog-icon|channel-avatar|link-favicon|plugin-activity-icon|plugin-icon|workspace-icon)\/[\w.%~-]+$/,
  /^\/__openclaw__\/plugin-theme-art(\/[\w.%~-]+){4}$/,
];

describe("whatever is asked for", () => {
  it("leads to one of the known addresses of OpenClaw, or to none", () => {
    fc.assert(
      fc.property(fc.constantFrom(...METHODS), path, (method, path) => {
        const route = findRoute(method, path, gateway);
        if (!("kind" in route)) return;
        if (route.kind === "own") expect(["GET", "HEAD"]).toContain(method);
        else expect(TARGETS.some((target) => target.test(route.target))).toBe(true);
        expect(route.target).not.toMatch(/%(?!3A|2F|40|3D|2B)|\.\.\/|\/\.|\/\/|[;\\?#\s]/);
        expect(route.name).toMatch(/^(GET|POST) \/[\w./*-]*$/);
        expect(method === "HEAD" ? "GET" : method).toBe(route.method);
      }),
      { numRuns: 3000 },
    );
  });

  it("reads alike here and there, or is refused as it is written", () => {
    fc.assert(
      fc.property(path, fc.webQueryParameters(), (path, query) => {
        const url = URL.parse(`https://claw.example.com${path}?${query}`)?.href;
        if (!url) return;
        try {
          checkUrl(url);
        } catch (error) {
          expect(error).toMatchObject({ code: expect.stringMatching(/^(URL_REFUSED|SECRET_IN_URL)$/) });
          return;
        }
        const decoded = decodeURIComponent(pathOf(url));
        expect(decoded).not.toMatch(/\/\/|\/\.\.?(\/|$)|[\\;%]/);
      }),
      { numRuns: 3000 },
    );
  });
});

describe("the endpoints that the config switches on", () => {
  it.each(["responses", "embeddings"] as const)("%s is there then, and only then", (endpoint) => {
    const asked = (...on: ("responses" | "embeddings")[]) =>
      findRoute("POST", `/v1/${endpoint}`, { endpoints: new Set(on) });
    expect(asked()).toEqual([]);
    expect(asked(endpoint === "responses" ? "embeddings" : "responses")).toEqual([]);
    expect(asked(endpoint)).toMatchObject({ kind: "run", part: "api", target: `/v1/${endpoint}` });
  });
});
