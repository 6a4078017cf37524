import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import type { CloudflareApi } from "../../infra/cloudflare-api.ts";

/** Calls to Cloudflare's API that count until a moment, in milliseconds since the epoch. */
export interface CountedCalls {
  until: number;
  calls: number;
}

/** What runs tell each other of their calls: those before this one, and those beside it. */
export interface OtherRuns {
  /** What the others' calls are that still count. */
  read(): CountedCalls[];
  /** Tells them of all that this run's are. */
  tell(own: readonly CountedCalls[]): void;
}

/** `$XDG_STATE_HOME/openclaw-gateway/calls`, else below `~/.local/state` (XDG Base Directory Specification). */
const usualFolder = (): string =>
  join(process.env.XDG_STATE_HOME || join(homedir(), ".local/state"), "openclaw-gateway/calls");

/**
 * By whom Cloudflare counts: a token that an account owns has calls of its own, those that a person has made share the
 * person's (https://developers.cloudflare.com/fundamentals/api/reference/limits/). Whose they are a token does not tell, so
 * all of them count together. The hash is all of a token that reaches the disk.
 */
const counterOf = ({ baseUrl, token }: CloudflareApi): string =>
  createHash("sha256")
    .update(`${baseUrl}\n${token.startsWith("cfat_") ? token : ""}`)
    .digest("hex")
    .slice(0, 16);

/**
 * Each run keeps a file of its own, so that none waits for a lock; what does not count any more is dropped.
 *
 * @param api what the runs ask: only those that Cloudflare counts together hear of each other
 */
export function otherRuns(api: CloudflareApi, folder = usualFolder()): OtherRuns {
  const counter = counterOf(api);
  const own = `${counter}-${process.pid}-${Date.now()}-${Math.random().toString(36).slice(2)}.json`;
  return {
    read() {
      const now = Date.now();
      return filesIn(folder)
        .filter((name) => name.startsWith(`${counter}-`) && name !== own)
        .flatMap((name) => {
          const counted = callsIn(join(folder, name)).filter(({ until }) => until > now);
          if (counted.length === 0) rmSync(join(folder, name), { force: true });
          return counted;
        });
    },
    tell(calls) {
      // Where nothing can be written, a run counts alone.
      try {
        mkdirSync(folder, { recursive: true, mode: 0o700 });
        const draft = join(folder, `${own}.draft`);
        writeFileSync(draft, JSON.stringify(calls));
        renameSync(draft, join(folder, own));
      } catch {}
    },
  };
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.endsWith(".json"));
  } catch {
    return [];
  }
}

function callsIn(file: string): CountedCalls[] {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as CountedCalls[];
  } catch {
    return [];
  }
}
