import { cloudflareCodes } from "./error-codes/cloudflare.ts";
import { connectorCodes } from "./error-codes/connector.ts";
import { familyCodes } from "./error-codes/family.ts";
import { firewallCodes } from "./error-codes/firewall.ts";
import { nameCodes } from "./error-codes/names.ts";
import { openclawCodes } from "./error-codes/openclaw.ts";
import { piCodes } from "./error-codes/pi.ts";
import { rotationCodes } from "./error-codes/rotation.ts";
import { setUpCodes } from "./error-codes/set-up.ts";

/**
 * Every code that `npm run init`, `family` and `rotate`, and `pulumi up` can say: those of the commands, of the program, and of
 * the scripts that run on the Pi. The code is the contract, and stays; the message beside it names the host, the key or the resource.
 * docs/errors.md is made from this. The Worker's own codes are in worker/errors.ts.
 */
export const errorCodes = {
  ...setUpCodes,
  ...cloudflareCodes,
  ...nameCodes,
  ...piCodes,
  ...connectorCodes,
  ...openclawCodes,
  ...firewallCodes,
  ...familyCodes,
  ...rotationCodes,
} as const;

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
