/**
 * How OpenClaw's gateway answers on this machine. infra/pi-script.ts puts this in front of openclaw.mjs.
 */
import { setTimeout as delay } from "node:timers/promises";

/** OpenClaw's gateway takes up to a minute to start on a Pi, and one that changes its authentication starts twice. */
const PATIENCE_SECONDS = 300;

/** As the tunnel's connector calls it, for somebody of the internet (RFC 5737): what comes without an address is taken for local. */
const FROM_OUTSIDE = { "x-forwarded-for": "192.0.2.1", "x-forwarded-proto": "https" };

/** The status of a path, or why there is none. */
async function statusOf(port, path, headers, host = "127.0.0.1") {
  try {
    const response = await fetch(`http://${host}:${port}${path}`, {
      headers,
      signal: AbortSignal.timeout(5_000),
    });
    await response.arrayBuffer();
    return response.status;
  } catch (error) {
    return error.cause?.code ?? error.name;
  }
}

/** What its models list answers to a proxied caller with these credentials. */
const modelsStatus = (port, credentials) => statusOf(port, "/v1/models", { ...FROM_OUTSIDE, ...credentials });

/** Whether a program on this machine gets in with the password. A reference to one ("${NAME}") cannot be tried. */
const takesPassword = async (port, password) =>
  password.includes("${") ||
  (await statusOf(port, "/v1/models", { authorization: `Bearer ${password}` })) === 200;

const isReady = async (port) => (await statusOf(port, "/readyz", {})) === 200;

/** Waits until something holds, for a bounded time. @returns whether it came to hold */
async function waitUntil(holds, seconds = PATIENCE_SECONDS) {
  const deadline = Date.now() + seconds * 1000;
  while (!(await holds())) {
    if (Date.now() > deadline) return false;
    await delay(300);
  }
  return true;
}

export { FROM_OUTSIDE, isReady, modelsStatus, statusOf, takesPassword, waitUntil };
