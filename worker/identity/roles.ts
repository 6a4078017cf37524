import { PARTS_OF_ROLE, type Part } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "./auth.ts";

/** Whether an identity's role opens a part of the gateway. */
export function opensPart({ role }: Identity, part: Part, { signIn }: Gateway): boolean {
  // In `token` mode whoever opens the Control UI holds the owner's key.
  if (part === "control" && signIn.mode === "token" && role !== "owner") return false;
  return PARTS_OF_ROLE[role].includes(part);
}

/**
 * Refuses an identity whose role does not open a part of the gateway.
 * @throws GatewayError ROLE_REFUSED
 */
export function requirePart(identity: Identity, part: Part, gateway: Gateway): void {
  if (!opensPart(identity, part, gateway)) throw new GatewayError("ROLE_REFUSED");
}
