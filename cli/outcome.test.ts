import { expect, test } from "vitest";
import { whatFailed } from "./outcome.ts";

const diagnostics = "  pulumi:providers:cloudflare (default):\n    error: Could not install resource plugin";

test("tells of a failed pulumi what its diagnostics say, once", () => {
  const said = `Updating (rehearsal):\n\n + much progress\nDiagnostics:\n${diagnostics}\n\nResources:\n    1 errored\n`;
  const failure = new Error(`code: -2\n stdout: \n stderr: ${said}\n err?: Error: ${said}`);
  expect(whatFailed({ failure })).toBe(diagnostics);
});

test("tells any other failure in its own words", () => {
  expect(whatFailed({ failure: new Error("no room\non the disk") })).toBe("no room\non the disk");
  expect(whatFailed({ leftBehind: new Error("a bridge") })).toBe(
    "Not everything could be taken down: a bridge",
  );
});
