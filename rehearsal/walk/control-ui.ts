import { createHash, generateKeyPairSync, type KeyObject, randomUUID, sign } from "node:crypto";
import { once } from "node:events";
import type { LookupFunction } from "node:net";
import WebSocket from "ws";

/** How long the gateway may take to answer one call, in ms; the first chat after a start takes up to 10 s. */
const answerTimeoutMs = 60_000;

/** The key pair a browser makes at its first visit; OpenClaw knows the device by the hash of its public key. */
export interface Device {
  readonly id: string;
  readonly publicKey: string;
  readonly privateKey: KeyObject;
}

export function newDevice(): Device {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ format: "der", type: "spki" }).subarray(-32);
  return {
    id: createHash("sha256").update(raw).digest("hex"),
    publicKey: raw.toString("base64url"),
    privateKey,
  };
}

export interface ControlUiOptions {
  /** `https://HOST` of the gateway; also the Origin, as a browser sends it. */
  readonly origin: string;
  readonly edgeAddress: string;
  readonly caCertificate: string;
  /** What Access asks for: a service token's two headers or a login's cookie. */
  readonly headers: Readonly<Record<string, string>>;
  /** The gateway token that a person enters once in the page. */
  readonly gatewayToken: string;
  readonly device: Device;
}

/** OpenClaw's answer to a call over the WebSocket that it refused, with its own code. */
export class ControlUiRefusal extends Error {
  readonly code: string;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(error: { code: string; message: string; details?: Record<string, unknown> }) {
    super(`${error.code}: ${error.message}`);
    this.code = error.code;
    this.details = error.details ?? {};
  }
}

interface Frame {
  readonly type: string;
  readonly id?: string;
  readonly event?: string;
  readonly ok?: boolean;
  readonly payload?: Record<string, unknown>;
  readonly error?: { code: string; message: string; details?: Record<string, unknown> };
}

/** The states of a run's "chat" events after which nothing more comes; before them are "status" and "delta". */
const endings = new Set(["final", "error", "aborted"]);

const scopes = ["operator.read", "operator.write", "operator.approvals"];

/** The Control UI's side of OpenClaw's WebSocket protocol (version 4), as far as a chat needs it. */
export class ControlUi {
  readonly #socket: WebSocket;
  readonly #frames: Frame[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (data: Buffer) => {
      this.#frames.push(JSON.parse(data.toString()));
      this.#wake();
    });
    socket.on("close", () => this.#wake());
  }

  /**
   * Opens the WebSocket at `/` and signs the device in.
   *
   * @throws ControlUiRefusal with OpenClaw's code, such as NOT_PAIRED for a device that nobody has approved
   * @throws Error when the upgrade is refused, with its status
   */
  static async connect(
    options: ControlUiOptions,
  ): Promise<{ ui: ControlUi; hello: Record<string, unknown> }> {
    const socket = new WebSocket(options.origin.replace(/^http/, "ws"), {
      headers: options.headers,
      origin: options.origin,
      ca: options.caCertificate,
      lookup: toAddress(options.edgeAddress),
      handshakeTimeout: 20_000,
    });
    const ui = new ControlUi(socket);
    await once(socket, "open");
    try {
      const challenge = await ui.#next((frame) => frame.event === "connect.challenge");
      const hello = await ui.call("connect", connectParameters(options, String(challenge.payload?.nonce)));
      return { ui, hello };
    } catch (error) {
      ui.close();
      throw error;
    }
  }

  /** One call and its answer. @throws ControlUiRefusal */
  async call(method: string, params: unknown): Promise<Record<string, unknown>> {
    const id = randomUUID();
    this.#socket.send(JSON.stringify({ type: "req", id, method, params }));
    const answer = await this.#next((frame) => frame.type === "res" && frame.id === id);
    if (!answer.ok)
      throw new ControlUiRefusal(answer.error ?? { code: "UNKNOWN", message: "no reason given" });
    return answer.payload ?? {};
  }

  /** Says something in a session and gives the assistant's whole answer. */
  async chat(sessionKey: string, message: string): Promise<string> {
    const { runId } = await this.call("chat.send", { sessionKey, message, idempotencyKey: randomUUID() });
    const last = await this.#next(
      (frame) =>
        frame.event === "chat" && frame.payload?.runId === runId && endings.has(String(frame.payload?.state)),
    );
    if (last.payload?.state !== "final")
      throw new Error(`the chat ended with ${JSON.stringify(last.payload)}`);
    return textOf(last.payload.message);
  }

  close(): void {
    this.#socket.close();
  }

  async #next(wanted: (frame: Frame) => boolean): Promise<Frame> {
    const deadline = Date.now() + answerTimeoutMs;
    for (;;) {
      const index = this.#frames.findIndex(wanted);
      const [frame] = index < 0 ? [] : this.#frames.splice(index, 1);
      if (frame) return frame;
      if (this.#socket.readyState >= WebSocket.CLOSING)
        throw new Error("the WebSocket was closed before the answer came");
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`no answer over the WebSocket within ${answerTimeoutMs / 1000} s`);
      await new Promise<void>((resolve) => {
        const late = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(late);
          resolve();
        };
      });
    }
  }
}

/** Leads every name to one address, as curl's --resolve does. */
function toAddress(address: string): LookupFunction {
  return (_hostname, { all }, found) =>
    all ? found(null, [{ address, family: 4 }]) : found(null, address, 4);
}

function connectParameters({ gatewayToken, device }: ControlUiOptions, nonce: string): object {
  const client = { id: "openclaw-control-ui", version: "2026.9.6", platform: "linux", mode: "webchat" };
  const signedAt = Date.now();
  const signed = [
    "v2",
    device.id,
    client.id,
    client.mode,
    "operator",
    scopes.join(","),
    signedAt,
    gatewayToken,
    nonce,
  ].join("|");
  return {
    minProtocol: 4,
    maxProtocol: 4,
    client,
    role: "operator",
    scopes,
    auth: { token: gatewayToken },
    device: {
      id: device.id,
      publicKey: device.publicKey,
      signature: sign(null, Buffer.from(signed), device.privateKey).toString("base64url"),
      signedAt,
      nonce,
    },
  };
}

/** The text of a message whose content is a text or a list of parts. */
function textOf(message: unknown): string {
  const { content } = (message ?? {}) as { content?: unknown };
  if (typeof content === "string") return content;
  return Array.isArray(content) ? content.map((part: { text?: string }) => part.text ?? "").join("") : "";
}
