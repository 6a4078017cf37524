import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { answerHeaders, clientHeaders } from "./headers.ts";

const KINDS = ["run", "api", "models", "page", "asset", "placed"] as const;
const kind = fc.constantFrom(...KINDS);

/** Names that would do harm, as clients write them, among any others that a header may have. */
const dangerous = fc.constantFrom(
  ...[
    "authorization",
    "cookie",
    "host",
    "connection",
    "transfer-encoding",
    "content-length",
    "te",
    "upgrade",
  ],
  ...[
    "x-openclaw-model",
    "x-openclaw-scopes",
    "x-openclaw-session-key",
    "x-openclaw-agent-id",
    "x-gateway-user",
  ],
  ...["x-forwarded-for", "x-forwarded-host", "x-real-ip", "forwarded", "true-client-ip", "cf-connecting-ip"],
  ...["cf-access-jwt-assertion", "tailscale-user-login", "x-http-method-override", "x-original-url", "via"],
  ...[
    "set-cookie",
    "server",
    "clear-site-data",
    "access-control-allow-origin",
    "location",
    "link",
    "refresh",
  ],
);
const token = fc.string({ unit: fc.constantFrom(..."abcxyz-_09"), minLength: 1, maxLength: 20 });
const written = (name: string) =>
  fc.tuple(
    fc.constantFrom(
      name,
      name.replaceAll("-", "_"),
      name.toUpperCase(),
      name.replace(/^./, (c) => c.toUpperCase()),
    ),
    fc.constantFrom("x", "127.0.0.1", "Bearer y", "a, b"),
  );
const headers = fc
  .array(fc.oneof(dangerous, token).chain(written), { maxLength: 40 })
  .map((pairs) => new Headers(pairs as [string, string][]));

describe("whatever headers a client sends", () => {
  const ALLOWED = /^(accept|accept-encoding|accept-language|if-modified-since|if-none-match|range|if-range)$/;
  it("only those of the list go along, in lower case", () => {
    fc.assert(
      fc.property(headers, kind, (sent, kind) => {
        for (const [name, value] of Object.entries(clientHeaders(sent, kind))) {
          expect(name).toMatch(ALLOWED);
          expect(value).toBe(sent.get(name));
        }
      }),
    );
  });

  it("a run's body is described by the gateway alone", () => {
    const sent = new Headers({
      accept: "x",
      "content-type": "text/plain",
      "accept-encoding": "gzip",
      range: "bytes=0-",
    });
    expect(clientHeaders(sent, "run")).toEqual({ accept: "x" });
  });
});

describe("whatever headers OpenClaw answers with", () => {
  const ALLOWED =
    /^(content-(encoding|language|length|type|disposition|range|security-policy)|etag|last-modified|retry-after|vary|permissions-policy|accept-ranges|cache-control)$/;
  it("only those of the list reach the client", () => {
    fc.assert(
      fc.property(headers, kind, (sent, kind) => {
        for (const name of Object.keys(answerHeaders(sent, kind))) expect(name).toMatch(ALLOWED);
      }),
    );
  });

  it("what was placed is never active content, and nothing but an asset is kept", () => {
    fc.assert(
      fc.property(headers, (sent) => {
        sent.set("content-security-policy", "script-src *");
        sent.set("cache-control", "immutable");
        expect(answerHeaders(sent, "placed")["content-security-policy"]).toMatch(
          /^default-src 'none'; .*sandbox$/,
        );
        for (const kind of ["run", "api", "models", "page", "placed"] as const)
          expect(answerHeaders(sent, kind)).not.toHaveProperty("cache-control");
      }),
    );
  });
});
