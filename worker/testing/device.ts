import { createHash, generateKeyPairSync, sign } from "node:crypto";
import type { WebSocket } from "ws";

/** What OpenClaw answers to one request. */
export interface Answer {
  readonly ok: boolean;
  readonly payload?: Readonly<Record<string, unknown>>;
  readonly error?: {
    readonly code: string;
    readonly message: string;
    readonly details?: Readonly<Record<string, unknown>>;
  };
}

/** All that the Control UI asks for. */
const SCOPES = ["admin", "read", "write", "approvals", "questions", "pairing"].map(
  (name) => `operator.${name}`,
);

/** A browser's device: a key of its own, by which OpenClaw knows it again. */
export interface Device {
  /**
   * The Control UI's side of the handshake on a socket that has just been made.
   * @param auth what the browser authenticates with: OpenClaw's own token, or one that it gave to this device
   */
  connect(socket: WebSocket, auth?: { readonly token?: string; readonly password?: string }): Promise<Answer>;
}

/** https://docs.openclaw.ai/gateway/protocol/handshake, as OpenClaw's own page does it. */
export function createDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  const id = createHash("sha256").update(raw).digest("hex");
  return {
    async connect(socket, auth) {
      const challenge = await next(socket, ({ event }) => event === "connect.challenge");
      const { nonce, ts } = challenge.payload as { nonce: string; ts: number };
      const client = { id: "openclaw-control-ui", version: "2026.9.6", platform: "linux", mode: "webchat" };
      const signed = [
        "v2",
        id,
        client.id,
        client.mode,
        "operator",
        SCOPES.join(","),
        ts,
        auth?.token ?? "",
        nonce,
      ];
      return ask(socket, "connect", {
        minProtocol: 4,
        maxProtocol: 4,
        client,
        role: "operator",
        scopes: SCOPES,
        ...(auth && { auth }),
        device: {
          id,
          publicKey: raw.toString("base64url"),
          signature: sign(null, Buffer.from(signed.join("|")), privateKey).toString("base64url"),
          signedAt: ts,
          nonce,
        },
      });
    },
  };
}

let asked = 0;

/** Asks OpenClaw for something and waits for what it answers to that. */
export async function ask(socket: WebSocket, method: string, params: object = {}): Promise<Answer> {
  asked += 1;
  const id = String(asked);
  const answer = next(socket, (frame) => frame.type === "res" && frame.id === id);
  socket.send(JSON.stringify({ type: "req", id, method, params }));
  return (await answer) as unknown as Answer;
}

type Frame = Readonly<Record<string, unknown>>;

async function next(socket: WebSocket, fits: (frame: Frame) => boolean): Promise<Frame> {
  const found = Promise.withResolvers<Frame>();
  const look = (data: unknown) => {
    const frame = JSON.parse(String(data)) as Frame;
    if (fits(frame)) found.resolve(frame);
  };
  const leave = (code: number, reason: Buffer) => found.reject(new Error(`closed: ${code} ${reason}`));
  socket.on("message", look);
  socket.on("close", leave);
  try {
    return await found.promise;
  } finally {
    socket.off("message", look);
    socket.off("close", leave);
  }
}
