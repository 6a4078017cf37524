import { escaped } from "./html.ts";

const STYLE = `
:root{color-scheme:light dark}
body{margin:0;min-height:100svh;display:grid;place-content:center;font:1.0625rem/1.5 system-ui,sans-serif;background:light-dark(#f6f6f4,#161618);color:light-dark(#1c1c1e,#ececee)}
main{max-width:26rem;padding:1.5rem;overflow-wrap:anywhere}
h1{font-size:1.5rem;line-height:1.2;margin:0 0 .75rem;text-wrap:balance}
a,button{display:inline-block;margin:.5rem .5rem 0 0;padding:.6rem 1.1rem;border:1px solid;border-color:light-dark(#1c1c1e,#ececee);border-radius:.6rem;background:light-dark(#1c1c1e,#ececee);color:light-dark(#fff,#161618);font:inherit;text-decoration:none;cursor:pointer}
.other{background:none;color:inherit}
a:focus-visible,button:focus-visible{outline:3px solid #4c8dff;outline-offset:2px}
small{display:block;margin-top:1.25rem;color:light-dark(#63636a,#a0a0a8)}
code{font-family:ui-monospace,monospace}
`;

export interface PlainPage {
  readonly title: string;
  /** HTML: what stands below the title. */
  readonly content: string;
  /** A few lines; none for most pages, and then the policy allows none. */
  readonly script?: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A small page of the gateway's own: some words, and what a person can do next. Style and script by a nonce, nothing else. */
export function plainPage({ title, content, script, status = 200, headers }: PlainPage): Response {
  const nonce = crypto.randomUUID();
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<style nonce="${nonce}">${STYLE}</style>
<main>
<h1>${escaped(title)}</h1>
${content}
</main>
${script === undefined ? "" : `<script nonce="${nonce}">${script}</script>\n`}</html>
`;
  const policy = [
    "default-src 'none'",
    ...(script === undefined ? [] : [`script-src 'nonce-${nonce}'`]),
    `style-src 'nonce-${nonce}'`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    ...(script === undefined ? [] : ["require-trusted-types-for 'script'", "trusted-types 'none'"]),
  ].join("; ");
  return new Response(html, {
    status,
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": policy, ...headers },
  });
}
