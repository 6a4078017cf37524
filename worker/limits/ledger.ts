import { DurableObject } from "cloudflare:workers";
import type { Quota } from "../../contract/roles.ts";
import type { DayLeft } from "./quota-headers.ts";

const DAY_MS = 86_400_000;

/**
 * How long a run holds its place where nobody counts it out, because its Worker was replaced or died: longer than
 * answers take, short enough that a place is not gone for the evening.
 */
const RUN_SECONDS = 15 * 60;

type Kind = "run" | "socket";

/** What is left of the day, and why a run is not counted in. */
export interface Count extends DayLeft {
  readonly refused?: "QUOTA_EXCEEDED" | "TOO_MANY_RUNS";
}

/**
 * Counts what one identity uses: requests and tokens of the day (UTC), runs and sockets that are open. One object an
 * identity, and one call at a time, so that its counts are exact. Each call can be repeated with the same id.
 */
export class Ledger extends DurableObject<unknown> {
  readonly #sql: SqlStorage;

  constructor(state: DurableObjectState, env: unknown) {
    super(state, env);
    this.#sql = state.storage.sql;
    this.#sql.exec(`
      CREATE TABLE IF NOT EXISTS usage (day INTEGER PRIMARY KEY, requests INTEGER NOT NULL, tokens INTEGER NOT NULL);
      CREATE TABLE IF NOT EXISTS leases (id TEXT PRIMARY KEY, kind TEXT NOT NULL, until INTEGER NOT NULL);
    `);
  }

  /** Counts in a run, if the day's quota and the runs at the same time leave room for it. */
  beginRun(id: string, quota: Quota): Count {
    const now = Date.now();
    const { requests, tokens } = this.#today(now);
    const left = (used: number): DayLeft => ({
      requestsLeft: Math.max(0, (quota.requestsPerDay ?? 0) - used),
      tokensLeft: Math.max(0, (quota.tokensPerDay ?? 0) - tokens),
      secondsLeft: Math.ceil((DAY_MS - (now % DAY_MS)) / 1000),
    });
    if (this.#holds(id)) return left(requests);
    if (requests >= (quota.requestsPerDay ?? Infinity) || tokens >= (quota.tokensPerDay ?? Infinity))
      return { refused: "QUOTA_EXCEEDED", ...left(requests) };
    if (this.#open("run", now) >= (quota.concurrentRuns ?? Infinity))
      return { refused: "TOO_MANY_RUNS", ...left(requests) };
    this.#add(now, 1, 0);
    this.#lease(id, "run", now + RUN_SECONDS * 1000);
    return left(requests + 1);
  }

  /** Counts out a run, with its tokens: those of a run that took longer than its lease count, too. */
  endRun(id: string, tokens: number): void {
    if (this.#release(id)) this.#add(Date.now(), 0, tokens);
  }

  /** Counts in a socket. @returns false where `limit` are open already */
  openSocket(id: string, limit: number, seconds: number): boolean {
    const now = Date.now();
    if (this.#holds(id)) return true;
    if (this.#open("socket", now) >= limit) return false;
    this.#lease(id, "socket", now + seconds * 1000);
    return true;
  }

  closeSocket(id: string): void {
    this.#release(id);
  }

  #today(now: number): { requests: number; tokens: number } {
    const rows = this.#sql.exec("SELECT requests, tokens FROM usage WHERE day = ?", dayOf(now)).toArray();
    return (rows[0] as { requests: number; tokens: number } | undefined) ?? { requests: 0, tokens: 0 };
  }

  #add(now: number, requests: number, tokens: number): void {
    this.#sql.exec(
      `INSERT INTO usage VALUES (?1, ?2, ?3)
       ON CONFLICT (day) DO UPDATE SET requests = requests + ?2, tokens = tokens + ?3`,
      dayOf(now),
      requests,
      Number.isSafeInteger(tokens) && tokens > 0 ? tokens : 0,
    );
  }

  #holds(id: string): boolean {
    return this.#sql.exec("SELECT 1 FROM leases WHERE id = ?", id).toArray().length > 0;
  }

  #open(kind: Kind, now: number): number {
    return Number(
      this.#sql.exec("SELECT count(*) AS open FROM leases WHERE kind = ? AND until > ?", kind, now).one()
        .open,
    );
  }

  /** A lease that has run out frees its place at once, and stays a day longer: its run may still tell its tokens. */
  #lease(id: string, kind: Kind, until: number): void {
    const now = Date.now();
    this.#sql.exec("DELETE FROM usage WHERE day < ?", dayOf(now));
    this.#sql.exec("DELETE FROM leases WHERE until < ?", now - DAY_MS);
    this.#sql.exec("INSERT INTO leases VALUES (?, ?, ?)", id, kind, until);
  }

  #release(id: string): boolean {
    return this.#sql.exec("DELETE FROM leases WHERE id = ? RETURNING id", id).toArray().length > 0;
  }
}

const dayOf = (now: number): number => Math.floor(now / DAY_MS);
