import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type * as z from "zod";

/** A refusal as the API writes it: HTTP status, Cloudflare's code, its message. */
export class ApiError extends Error {
  readonly status: ContentfulStatusCode;
  readonly code: number;
  /** What lies behind it, where the real API says so. */
  readonly chain: readonly { readonly code: number; readonly message: string }[] | undefined;

  constructor(
    status: ContentfulStatusCode,
    code: number,
    message: string,
    chain?: readonly { readonly code: number; readonly message: string }[],
  ) {
    super(message);
    this.name = "ApiError";
    this.status = status;
    this.code = code;
    this.chain = chain;
  }
}

/** Answers `result` in the envelope that every answer of the API has. */
export function answer(c: Context, result: unknown, status: ContentfulStatusCode = 200): Response {
  return c.json({ success: true, errors: [], messages: [], result }, status);
}

/** Answers one page of a list; `page` (from 1) and `per_page` come from the query. */
export function answerList(c: Context, entries: readonly unknown[]): Response {
  const page = Math.max(1, Number(c.req.query("page")) || 1);
  const perPage = Math.min(1000, Math.max(1, Number(c.req.query("per_page")) || 50));
  const result = entries.slice((page - 1) * perPage, page * perPage);
  const resultInfo = { page, per_page: perPage, count: result.length, total_count: entries.length };
  return c.json({ success: true, errors: [], messages: [], result, result_info: resultInfo });
}

/** The envelope of a refusal. */
export function answerError(c: Context, error: ApiError): Response {
  const { code, message, chain } = error;
  const errors = [{ code, message, ...(chain && { error_chain: chain }) }];
  return c.json({ success: false, errors, messages: [], result: null }, error.status);
}

/**
 * The request's body as the schema reads it.
 *
 * @param code Cloudflare's code for a malformed request to this family
 * @throws {ApiError} 400, naming each field that is wrong
 */
export function parseBody<S extends z.ZodType>(schema: S, body: unknown, code: number): z.infer<S> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => `${issue.path.join(".") || "body"}: ${issue.message}`);
  throw new ApiError(400, code, problems.join("; "));
}
