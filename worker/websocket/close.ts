/** RFC 6455, 5.5: a control frame holds 125 bytes, 2 of them the code. */
const MAX_REASON_BYTES = 123;

/** Why a socket ends, as its other side hears it (RFC 6455, 7.4). */
export interface Farewell {
  readonly code: number;
  readonly reason: string;
}

/** Our own farewells. 4000 to 4999 are for an application to define (RFC 6455, 7.4.2). */
export const FAREWELLS = {
  signInExpired: { code: 4001, reason: "The sign-in has expired. Reload the page." },
  lifeOver: { code: 4002, reason: "This connection has reached its greatest age. Connect again." },
  requestsOnly: { code: 1008, reason: "Your role at this gateway sends requests in JSON, and nothing else." },
  messageTooBig: { code: 1009, reason: "A message may have 25 MiB." },
  connectionLost: { code: 1011, reason: "The connection behind the gateway was lost." },
} as const satisfies Readonly<Record<string, Farewell>>;

/**
 * What may be said to the other side of a bridge, when one side has ended so. 1005 (no code came) has a way of its own
 * to be said; 1006, 1015 and all that RFC 6455, 7.4 and its registry do not give out may not be sent.
 */
export function farewellOf({ code, reason }: Farewell): Farewell {
  return code === 1005 || mayBeSent(code) ? { code, reason } : FAREWELLS.connectionLost;
}

/** Sends a Close, once: a socket that is closed already stays as it is. */
export function say(socket: WebSocket, { code, reason }: Farewell): void {
  try {
    if (code === 1005) socket.close();
    else socket.close(code, cut(reason));
  } catch {
    // Closed already, by its own side.
  }
}

/** https://www.iana.org/assignments/websocket/websocket.xhtml#close-code-number */
const mayBeSent = (code: number): boolean =>
  (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);

/** Cuts a text to what a Close frame can hold, between characters. */
function cut(reason: string): string {
  const { read } = new TextEncoder().encodeInto(reason, new Uint8Array(MAX_REASON_BYTES));
  return reason.slice(0, read);
}
