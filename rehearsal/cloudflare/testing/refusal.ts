import { APIError } from "cloudflare";

/** The status and Cloudflare's code of the refusal that a call of the client ends in. */
export async function refusal(call: Promise<unknown>): Promise<[number | undefined, number | undefined]> {
  const error = await call.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof APIError)) throw new Error(`not refused: ${error}`);
  return [error.status, error.errors[0]?.code];
}
