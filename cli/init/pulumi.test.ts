import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { pulumiOf } from "./pulumi.ts";

test("what Cloudflare refused in an up is explained below Pulumi's own words", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pulumi-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const command = join(folder, "pulumi");
  const url = `https://api.cloudflare.com/client/v4/accounts/${"a".repeat(32)}/workers/scripts/w`;
  const said = `error: PUT "${url}": 403 Forbidden {"errors":[{"code":10196,"message":"not authorized for the requested VPC resource"}]}`;
  await writeFile(command, `#!/bin/sh\ncat <<'END'\n${said}\nEND\nexit 1\n`, { mode: 0o755 });
  const pulumi = pulumiOf({ command } as Engine, folder);
  await expect(pulumi(["up"])).rejects.toThrow(
    /^PULUMI_FAILED: pulumi up failed: error: PUT .*10196.*\n {2}CLOUDFLARE_PERMISSION_MISSING: .*binds the VPC service.*\n {4}https:.*"Connectivity Directory", Bind/,
  );
});
