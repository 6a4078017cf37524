import { expect, test } from "vitest";
import { tokenPermissions } from "../contract/permissions.ts";
import { explainProvider } from "./cloudflare-refusal.ts";

const account = `https://api.cloudflare.com/client/v4/accounts/${"a".repeat(32)}`;
/** As the provider words what Cloudflare answered. */
const refused = (method: string, path: string, status: string, code: number, message: string): string =>
  `failed to make http request: ${method} "${account}${path}": ${status} {"success":false,"errors":[{"code":${code},"message":"${message}"}],"messages":[],"result":null}`;
const forbidden = (method: string, path: string): string =>
  refused(method, path, "403 Forbidden", 10000, "Authentication error");

test("the binding that only a write can prove is explained by its own permission", () => {
  const words = "not authorized for the requested VPC resource 1234";
  expect(
    explainProvider(refused("PUT", "/workers/scripts/openclaw-mia", "403 Forbidden", 10196, words)),
  ).toEqual([
    expect.stringMatching(
      /^CLOUDFLARE_PERMISSION_MISSING: Cloudflare's code 10196 to PUT \/accounts\/a+\/workers\/scripts\/openclaw-mia: .*\n {2}https:\/\/dash\.cloudflare\.com\/profile\/api-tokens, the token, Edit: add Account, "Connectivity Directory", Bind; the token itself .*same command again/,
    ),
  ]);
});

test.each([
  ["POST", "/cfd_tunnel", ["Cloudflare Tunnel"]],
  ["POST", "/connectivity/directory/services", ["Connectivity Directory"]],
  ["PUT", "/access/apps/1", ["Access: Apps and Policies"]],
  ["DELETE", "/access/policies/1", ["Access: Apps and Policies"]],
  ["POST", "/access/service_tokens", ["Access: Service Tokens"]],
  ["POST", "/workers/scripts/w/subdomain", ["Workers Scripts"]],
  // An upload binds, and Cloudflare has refused it in these words too.
  ["PUT", "/workers/scripts/w", ["Connectivity Directory", "Workers Scripts"]],
  ["DELETE", "/workers/scripts/w?force=true", ["Workers Scripts"]],
  ["POST", "/alerting/v3/policies", ["Notifications"]],
  ["PUT", "/storage/kv/namespaces/1", ["Workers KV Storage"]],
])("the general refusal of %s %s names what may be lacking", (method, path, names) => {
  const [explained = "", ...more] = explainProvider(forbidden(method, path));
  expect(more).toEqual([]);
  expect([...explained.matchAll(/Account, "([^"]+)"/g)].map(([, name]) => name)).toEqual(names);
});

test("every permission to write is named by some refusal", () => {
  for (const { level, name, writes } of tokenPermissions)
    expect(writes !== undefined || level === "Read", name).toBe(true);
});

test.each([
  ["401 Unauthorized", 10000, "Authentication error", "CLOUDFLARE_TOKEN_INVALID"],
  ["403 Forbidden", 9109, "Cannot use the access token from location: 192.0.2.1", "CLOUDFLARE_TOKEN_ADDRESS"],
  ["403 Forbidden", 9109, "Unauthorized to access requested resource", "CLOUDFLARE_TOKEN_INVALID"],
])("%s with %d, %s, is a matter of the token: %s", (status, code, message, means) => {
  expect(explainProvider(refused("GET", "/workers/subdomain", status, code, message))).toEqual([
    expect.stringMatching(new RegExp(`^${means}: `)),
  ]);
});

test("several are explained each once, an answer over several lines too, and what is no such refusal not at all", () => {
  const tunnel = forbidden("POST", "/cfd_tunnel");
  const lines = forbidden("POST", "/access/service_tokens").replaceAll(/[{,]/g, "$&\n  ");
  expect(explainProvider([tunnel, tunnel, lines].join("\n"))).toHaveLength(2);
  expect(explainProvider(refused("POST", "/cfd_tunnel", "409 Conflict", 1013, "tunnel name taken"))).toEqual(
    [],
  );
  expect(explainProvider("error: PI_LOGIN_REFUSED: code 10000")).toEqual([]);
});
