/** The lines that the Worker writes. Their fields are all there is: nothing else of a request can get into the log. */

/** How loud a line is; LOG_LEVEL names the least that is written. */
export type Level = "debug" | "info" | "warn" | "error";

/** What every line about a request begins with. */
export interface Where {
  /** `req_` and 32 hex digits, as in the answer's header `x-request-id`. */
  readonly requestId: string;
  /** The client's address, whole and in its canonical form; `-` where Cloudflare named none. */
  readonly ip: string;
  /** `person:EMAIL` or `service:NAME`, from the verified token; `-` before it is known. */
  readonly subject: string;
}

/** The audit trail: one line for each request, when its answer has been sent. */
export interface RequestLine extends Where {
  readonly event: "request";
  readonly role: string;
  readonly route: string;
  readonly method: string;
  readonly status: number;
  readonly code: string;
  readonly bytes: number | null;
  readonly ms: number;
  readonly streaming: boolean;
  readonly aborted: boolean;
  readonly country: string;
  readonly ray: string;
}

/** The audit trail: a WebSocket that has ended. */
export interface SocketLine extends Where {
  readonly event: "socket";
  readonly closeCode: number;
  readonly ms: number;
}

/** Security events of one request. */
export interface SecurityLine extends Where {
  readonly event: SecurityEvent;
  /** The error code, where something was refused. */
  readonly code?: string;
  /** What exactly was wrong, in words of ours or of the token library's. */
  readonly reason?: string;
  readonly country?: string;
}

export type SecurityEvent =
  | "sign-in accepted"
  | "sign-in refused"
  | "api key refused"
  | "role refused"
  | "limit exceeded"
  | "request refused"
  | "many refusals"
  | "service token in a browser"
  | "country changed";

/** What failed here or behind, with the causes from the nearest to the farthest. */
export interface FailureLine extends Where {
  readonly event: "failure";
  readonly code: string;
  readonly detail: string;
}

/** How many refusals were left out of the log since the last line of this kind. */
export interface LeftOutLine {
  readonly event: "left out";
  readonly requests: number;
}

export type LogLine = RequestLine | SocketLine | SecurityLine | FailureLine | LeftOutLine;
