import type { Gateway } from "./config.ts";
import type { Identity } from "./identity/auth.ts";

/**
 * Limits one address, before it is known who asks.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export async function limitAddress(_request: Request, _gateway: Gateway): Promise<void> {}

/**
 * Limits one identity, and everyone together.
 * @throws GatewayError RATE_LIMITED with Retry-After
 */
export async function limitIdentity(_identity: Identity, _gateway: Gateway): Promise<void> {}
