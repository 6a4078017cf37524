import { BrokenOffError, RefusedError, SignedOutError } from "./api.ts";

/** What went wrong, for the person in front of the page. */
export interface Trouble {
  readonly text: string;
  /** For whoever is asked for help: code and request id. */
  readonly detail: string;
  readonly signIn: boolean;
  /** From when on it makes sense to try again, in milliseconds since 1970. */
  readonly againAt: number | undefined;
}

const ASLEEP = "The assistant does not answer. It may be starting, or the computer it lives on is off.";

/** What the gateway's own words, meant for its owner, say to everyone else. By code (worker/errors.ts). */
const TEXTS: Readonly<Record<string, string>> = {
  RATE_LIMITED: "That was a lot at once. Wait a little, then try again.",
  TOO_MANY_RUNS: "Other answers are still being written for you. Wait for one to end, or stop one.",
  BODY_TOO_LARGE: "This message is too long. Shorten it, or send it in parts.",
  MODEL_REFUSED: "You may not talk to this assistant. Choose another.",
  TUNNEL_DOWN: ASLEEP,
  TUNNEL_UNSUITABLE: ASLEEP,
  OPENCLAW_DOWN: ASLEEP,
  OPENCLAW_UNREACHABLE: ASLEEP,
  OPENCLAW_TIMEOUT: "The assistant has taken too long to answer. Try again.",
};

export function troubleOf(error: unknown): Trouble {
  if (error instanceof SignedOutError) {
    return trouble("Your sign-in has expired. What you wrote is kept.", { signIn: true });
  }
  if (error instanceof BrokenOffError) return trouble("The answer broke off.");
  if (error instanceof RefusedError) return refused(error);
  if (error instanceof TypeError) {
    return trouble(
      navigator.onLine === false
        ? "This device is offline."
        : "The gateway cannot be reached. Check this device's connection.",
    );
  }
  return trouble("Something went wrong.");
}

function refused({ status, code, requestId, againAt, message }: RefusedError): Trouble {
  const detail = [code || `status ${status}`, requestId].filter((part) => part !== "").join(" · ");
  return trouble(textOf(code, status, message, againAt), { detail, againAt });
}

function textOf(code: string, status: number, message: string, againAt: number | undefined): string {
  if (code === "QUOTA_EXCEEDED") {
    const time = againAt && new Date(againAt).toLocaleTimeString([], { hour: "numeric", minute: "2-digit" });
    return `Your share of today is used up.${time ? ` A new day begins at ${time}.` : ""}`;
  }
  return TEXTS[code] ?? (message || (status >= 500 ? ASLEEP : "The gateway refused this."));
}

const trouble = (text: string, more: Partial<Trouble> = {}): Trouble => ({
  text,
  detail: "",
  signIn: false,
  againAt: undefined,
  ...more,
});
