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

/** What its models list answers to a proxied caller with these credentials; of one agent, or of all. */
const modelsStatus = (port, credentials, agent) =>
  statusOf(port, `/v1/models${agent ? `/openclaw%2F${agent}` : ""}`, { ...FROM_OUTSIDE, ...credentials });

/** Whether a program on this machine gets in with the password. */
const takesPassword = async (port, password) =>
  (await statusOf(port, "/v1/models", { authorization: `Bearer ${password}` })) === 200;

/**
 * Whether OpenClaw answers as a stack needs it to.
 * @param credentials by which the gateway gets in; nobody does without
 * @param password by which OpenClaw's own commands get in, where there is one
 * @param agent one that must be there, where one is wanted
 */
const answersAs = async (port, { credentials, password, agent }) =>
  (await modelsStatus(port, credentials, agent)) === 200 &&
  (await modelsStatus(port, {})) === 401 &&
  // The password came last, and OpenClaw starts anew for it once more.
  (password === undefined || (await takesPassword(port, password)));

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

export { answersAs, FROM_OUTSIDE, isReady, modelsStatus, statusOf, waitUntil };
