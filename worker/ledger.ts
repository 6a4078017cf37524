import { DurableObject } from "cloudflare:workers";

/** Counts what one identity uses: requests and tokens of the day, runs and sockets that are open. One object an identity. */
export class Ledger extends DurableObject {}
