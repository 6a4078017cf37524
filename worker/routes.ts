import type { Part } from "../contract/roles.ts";
import type { ApiEndpoint, Gateway } from "./config.ts";
import { EXACT, FAMILIES } from "./route-table.ts";

/** One kind of request that the gateway takes. What no route names is answered 404 by the Worker. */
export interface Route {
  /** What logs call it: `GET /assets/*`, never the client's own string. */
  readonly name: string;
  readonly method: "GET" | "POST";
  /** The part of the gateway that a role must open; none: every role may. */
  readonly part?: Part;
  /**
   * - `own` is answered by the Worker itself
   * - `run` starts an agent: its body is read and rewritten, and it is counted
   * - `api` is answered in JSON
   * - `models` too, and lists what a role may talk to
   * - `page` belongs to the Control UI and keeps its policies
   * - `asset` is a file that the Control UI is made of
   * - `placed` is what people or agents have put there: never active content
   */
  readonly kind: "own" | "run" | "api" | "models" | "page" | "asset" | "placed";
  /** Whether OpenClaw is told who asks: the Control UI's own files are public on the Pi. */
  readonly withIdentity: boolean;
  /** There only where the config switches it on. */
  readonly endpoint?: ApiEndpoint;
  /** What OpenClaw takes here at most, in bytes, where it is less than elsewhere; the config's limit holds besides. */
  readonly maxBytes?: number;
  /** How long OpenClaw may take until its answer begins. */
  readonly timeoutMs: number;
  /** Query parameters that go along; all others end here. */
  readonly query: readonly string[];
  /** Path at OpenClaw: built here, from parts that have been looked at. */
  readonly target: `/${string}`;
}

/** A route whose address has parts that vary. */
export interface Family extends Omit<Route, "target"> {
  /** The path at OpenClaw; nothing where the address is none of this family's. */
  readonly targetOf: (segments: readonly string[]) => `/${string}` | undefined;
}

/**
 * Where a path leads.
 * @param path as `pathOf` gives it, not decoded
 * @returns the route for this method, else the methods that the address does take (none: there is no such address)
 */
export function findRoute(
  method: string,
  path: string,
  { endpoints }: Pick<Gateway, "endpoints">,
): Route | readonly string[] {
  const route = EXACT.get(path) ?? findFamily(path);
  if (!route || (route.endpoint && !endpoints.has(route.endpoint))) return [];
  if (route.method === method || (method === "HEAD" && route.method === "GET")) return route;
  return route.method === "GET" ? ["GET", "HEAD"] : ["POST"];
}

function findFamily(path: string): Route | undefined {
  const segments = path.split("/").slice(1);
  for (const family of FAMILIES.get(segments[0] ?? "") ?? []) {
    const target = family.targetOf(segments);
    if (target) return { ...family, target };
  }
  return undefined;
}

/**
 * Whether it is a file that the Control UI is made of. A browser's first visit asks for about 110 of them (OpenClaw
 * 2026.9.6) and for 8 other things, so that only the limit by address counts them.
 */
export const isAsset = (route: ReturnType<typeof findRoute>): boolean =>
  "kind" in route && route.kind === "asset";
