import { FAREWELLS, type Farewell, farewellOf, say } from "./close.ts";
import type { Filter } from "./filter.ts";
import type { Greeting } from "./hello.ts";

/** What OpenClaw takes (`policy.maxPayload` of its hello); the runtime itself takes 32 MiB. */
const MAX_MESSAGE_SIZE = 25 * 1024 * 1024;

/** What a bridge carries, and how it ends. */
export interface BridgeOptions extends Life {
  /** Looks at each message of the client's; without one all go through as they are. */
  readonly filter: Filter | undefined;
  /** Changes what OpenClaw says first; without one all of it goes through as it is. */
  readonly greeting: Greeting | undefined;
  /** Called for each request that the filter answers itself. */
  readonly refused: () => void;
  /** Called once, when the bridge carries nothing any more, with the code that the client gave or got. */
  readonly ended: (closeCode: number) => void;
}

export interface Life {
  /** How long it may live. */
  readonly ms: number;
  /** What both sides hear when that is over. */
  readonly farewell: Farewell;
}

/**
 * Joins two WebSockets: messages as they are, and the Close of either side with its code and reason.
 *
 * The runtime's WebSockets know no backpressure: `send` queues, and there is no `bufferedAmount` and no way to stop
 * reading. What one side sends faster than the other takes stays in the Worker's memory (128 MB, beyond which the
 * runtime ends the isolate).
 */
export function join(client: WebSocket, upstream: WebSocket, options: BridgeOptions): void {
  const { ms, farewell, filter, greeting, refused, ended } = options;
  let over = false;
  const end = (closeCode: number) => {
    if (over) return;
    over = true;
    clearTimeout(timer);
    ended(closeCode);
  };
  /** Neither side's answer is waited for: it may never come. */
  const endBoth = (last: Farewell) => {
    end(last.code);
    say(client, last);
    say(upstream, last);
  };
  const timer = setTimeout(() => endBoth(farewell), ms);

  client.addEventListener("message", ({ data }) => {
    if (over) return;
    if (sizeOf(data) > MAX_MESSAGE_SIZE) return endBoth(FAREWELLS.messageTooBig);
    if (!filter) return send(upstream, data);
    const verdict = filter(data);
    if ("forward" in verdict) return send(upstream, verdict.forward);
    refused();
    if ("farewell" in verdict) return endBoth(verdict.farewell);
    send(client, verdict.answer);
  });
  upstream.addEventListener("message", ({ data }) => send(client, greeting ? greeting(data) : data));
  client.addEventListener("close", (close) => {
    end(close.code);
    endBoth(farewellOf(close));
  });
  upstream.addEventListener("close", (close) => endBoth(farewellOf(close)));
  client.addEventListener("error", () => {
    end(1006);
    endBoth(FAREWELLS.connectionLost);
  });
  upstream.addEventListener("error", () => endBoth(FAREWELLS.connectionLost));
  for (const socket of [client, upstream]) {
    socket.binaryType = "arraybuffer";
    // Half open, or it would depend on the compatibility date who answers a Close, and with what.
    socket.accept({ allowHalfOpen: true });
  }
}

/** A text has at least as many bytes as this: what is too big by its bytes alone, OpenClaw refuses with the same code. */
const sizeOf = (data: string | ArrayBuffer): number =>
  typeof data === "string" ? data.length : data.byteLength;

function send(socket: WebSocket, data: string | ArrayBuffer): void {
  try {
    socket.send(data);
  } catch {
    // Closed meanwhile: the close that is on its way tells the sender.
  }
}
