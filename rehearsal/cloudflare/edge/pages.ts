import type { EdgeAnswer } from "../access/passage.ts";

const page = (status: number, title: string, text: string): EdgeAnswer => ({
  status,
  headers: { "content-type": "text/html; charset=UTF-8", "cache-control": "private, no-store" },
  body: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>${title}</title></head><body><h1>${title}</h1><p>${text}</p></body></html>\n`,
});

/** No Worker answers this name, or its workers.dev route is off. */
export const nothingHere = page(404, "There is nothing here yet", "error code: 1042");

/** The Worker threw. What it threw is for its own log. */
export const workerThrew = page(500, "Worker threw exception", "error code: 1101");

/** The Worker's runtime cannot be reached, or went away in the middle. */
export const workerGone = page(502, "Bad gateway", "error code: 502");
