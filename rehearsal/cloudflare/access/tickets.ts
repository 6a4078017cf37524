import { randomBytes, randomInt } from "node:crypto";

/** A finished login on its way from the team's domain to the application's. */
export interface Ticket {
  readonly hostname: string;
  readonly token: string;
  readonly path: string;
}

/** One-time codes and one-time tickets. Both are used up by being taken. */
export interface Tickets {
  /** A new six-digit code, put in the inbox of this address; an earlier one no longer counts. */
  sendCode(email: string): void;
  /** The code that lies in an inbox. */
  codeFor(email: string): string | undefined;
  takeCode(email: string, code: string): boolean;
  issue(ticket: Ticket): string;
  take(id: string, hostname: string): Ticket | undefined;
}

/** A code lives 10 minutes (https://developers.cloudflare.com/cloudflare-one/integrations/identity-providers/one-time-pin/). */
const codeLifeMs = 10 * 60 * 1000;
const ticketLifeMs = 60 * 1000;

/** @param now milliseconds since the epoch */
export function createTickets(now: () => number): Tickets {
  const codes = new Map<string, { code: string; expiresAt: number }>();
  const tickets = new Map<string, Ticket & { expiresAt: number }>();
  const codeFor = (email: string): string | undefined => {
    const held = codes.get(email.toLowerCase());
    return held && held.expiresAt > now() ? held.code : undefined;
  };
  return {
    codeFor,
    sendCode: (email) => {
      const code = String(randomInt(1_000_000)).padStart(6, "0");
      codes.set(email.toLowerCase(), { code, expiresAt: now() + codeLifeMs });
    },
    takeCode: (email, code) => {
      if (codeFor(email) !== code) return false;
      return codes.delete(email.toLowerCase());
    },
    issue: (ticket) => {
      const id = randomBytes(24).toString("base64url");
      tickets.set(id, { ...ticket, expiresAt: now() + ticketLifeMs });
      return id;
    },
    take: (id, hostname) => {
      const ticket = tickets.get(id);
      tickets.delete(id);
      return ticket && ticket.hostname === hostname && ticket.expiresAt > now() ? ticket : undefined;
    },
  };
}
