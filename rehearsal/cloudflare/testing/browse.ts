import type { IncomingHttpHeaders, IncomingMessage } from "node:http";
import { request } from "node:https";
import { text } from "node:stream/consumers";

/** How a test reaches the edge: its address, and the authority that signs for its names. */
export interface Browser {
  readonly edgeAddress: string;
  readonly certificate: string;
}

/** A request of a test. */
export interface Visit {
  readonly method?: string;
  /** A list gives a header several times. */
  readonly headers?: Record<string, string | string[]>;
  readonly body?: string;
}

/** An answer with its body read to the end. */
export interface Page {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Opens a URL at the edge, whatever DNS says, and gives the answer as soon as its headers are there. */
export function open(browser: Browser, url: string, visit: Visit = {}): Promise<IncomingMessage> {
  const { hostname, pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        host: browser.edgeAddress,
        servername: hostname,
        ca: browser.certificate,
        method: visit.method ?? "GET",
        path: pathname + search,
        headers: { host: hostname, ...visit.headers },
        agent: false,
        timeout: 20_000,
      },
      resolve,
    );
    asked.on("error", reject);
    asked.on("timeout", () => asked.destroy(new Error(`${url} is silent`)));
    asked.end(visit.body);
  });
}

/** Opens a URL and reads the whole answer; redirects are not followed. */
export async function visit(browser: Browser, url: string, how: Visit = {}): Promise<Page> {
  const answer = await open(browser, url, how);
  const status = answer.statusCode ?? 0;
  return { status, headers: answer.headers, body: await text(answer) };
}
