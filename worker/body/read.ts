import { GatewayError } from "../errors.ts";
import { within } from "../within.ts";

/** The one JSON object that a body holds. Nobody has looked at its values yet. */
export type Body = Record<string, unknown>;

/** A body of 20 MB takes this long at 1.3 Mbit/s; whoever sends less and slower only holds the Worker. */
export const BODY_TIMEOUT_MS = 120_000;

/**
 * Reads the JSON object that a request brings, whole. What goes on to OpenClaw is written anew from it, so that a key
 * that comes twice means the same here and there: the last one (ECMA-262, 25.5.1), which is the only one left.
 * @param maxBytes what the body may have at most
 * @throws GatewayError JSON_REQUIRED, ENCODING_REFUSED, BODY_TOO_LARGE, BODY_TOO_SLOW, BODY_INVALID or CLIENT_GONE
 */
export async function readBody(request: Request, maxBytes: number): Promise<Body> {
  const { headers } = request;
  if (!isJson(headers.get("content-type"))) throw new GatewayError("JSON_REQUIRED");
  // What unpacks to a thousand times its size would be let in by its packed one.
  if ((headers.get("content-encoding") ?? "identity").toLowerCase() !== "identity")
    throw new GatewayError("ENCODING_REFUSED");
  return parse(await within(BODY_TIMEOUT_MS, readText(request, maxBytes), "BODY_TOO_SLOW"));
}

/** Any page may send a form or plain text across sites without being asked; JSON it may not (Fetch, CORS-safelisted). */
function isJson(type: string | null): boolean {
  if (type === "application/json") return true;
  const [essence = ""] = (type ?? "").toLowerCase().split(";");
  // Sent twice, the header holds a comma: two types are none.
  return essence.trim() === "application/json" && !type?.includes(",");
}

async function readText(request: Request, maxBytes: number): Promise<string> {
  const { headers } = request;
  const length = Number(headers.get("content-length") || Number.NaN);
  if (length > maxBytes) throw new GatewayError("BODY_TOO_LARGE");
  // HTTP sees to it that no more comes than was announced; but what comes in chunks may announce what it likes
  // (RFC 9112, 6.3), and this runtime passes both headers on.
  const isBounded = length <= maxBytes && !headers.has("transfer-encoding");
  try {
    return isBounded ? await request.text() : await readPieces(request, maxBytes);
  } catch (cause) {
    if (cause instanceof GatewayError) throw cause;
    throw new GatewayError("CLIENT_GONE", { cause });
  }
}

async function readPieces({ body }: Request, maxBytes: number): Promise<string> {
  if (!body) return "";
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.byteLength;
    if (bytes > maxBytes) throw new GatewayError("BODY_TOO_LARGE");
    text += decoder.decode(piece, { stream: true });
  }
  return text + decoder.decode();
}

function parse(text: string): Body {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new GatewayError("BODY_INVALID"); // without the cause: its message quotes the body
  }
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new GatewayError("BODY_INVALID");
  return value as Body;
}
