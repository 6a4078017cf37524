import { type Browser, chromium } from "playwright-core";
import { chromiumFlags, chromiumProgram } from "../../rehearsal/walk/chromium.ts";
import type { TestEdge } from "./edge.ts";
import { ORIGIN } from "./gateway.ts";

/** Starts a real Chromium that finds the test's edge at the gateway's name, and no other name at all. */
export const launchBrowser = ({ port }: TestEdge, ...flags: readonly string[]): Promise<Browser> =>
  chromium.launch({
    executablePath: chromiumProgram(),
    args: [
      ...chromiumFlags,
      ...flags,
      `--host-resolver-rules=MAP ${new URL(ORIGIN).hostname}:443 127.0.0.1:${port}, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1`,
    ],
  });
