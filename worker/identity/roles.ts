import { PARTS_OF_ROLE, type Part } from "../../contract/roles.ts";
import type { Gateway } from "../config.ts";
import { GatewayError } from "../errors.ts";
import type { Identity } from "./auth.ts";

/**
 * Refuses an identity whose role does not open a part of the gateway.
 * @throws GatewayError ROLE_REFUSED
 */
export function requirePart(identity: Identity, part: Part, { signIn }: Gateway): void {
  const open = PARTS_OF_ROLE[identity.role].includes(part);
  // In `token` mode whoever opens the Control UI holds the owner's key.
  if (!open || (part === "control" && signIn.mode === "token" && identity.role !== "owner"))
    throw new GatewayError("ROLE_REFUSED");
}
