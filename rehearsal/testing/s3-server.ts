import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { cached } from "../cache.ts";
import { run } from "../engine/run.ts";

/** A gateway that speaks S3 in front of a folder (https://github.com/versity/versitygw, Apache-2.0). */
const module = "github.com/versity/versitygw/cmd/versitygw@v1.0.14";
const buildMs = 15 * 60_000;
const readyMs = 20_000;

/** An S3 server on loopback with one bucket. */
export interface S3Server {
  /** As PULUMI_BACKEND_URL takes it. */
  readonly backend: string;
  /** The credentials, as AWS's SDKs read them. */
  readonly env: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Starts one; its program is built once with Go, in about two minutes, and kept in the user's cache.
 *
 * @param folder where its files go
 */
export async function startS3Server(folder: string): Promise<S3Server> {
  const name = `versitygw-${module.split("@")[1]}`;
  const root = await cached(name, async (draft) => {
    await run("go", ["install", module], { env: { GOBIN: draft, GOFLAGS: "-mod=mod" }, timeoutMs: buildMs });
  });
  const bucket = "pulumi-state";
  await mkdir(join(folder, bucket), { recursive: true });
  const port = await freePort();
  const [accessKey, secretKey] = [randomBytes(10).toString("hex"), randomBytes(20).toString("hex")];
  const child = spawn(join(root, "versitygw"), ["--port", `127.0.0.1:${port}`, "posix", folder], {
    env: { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  await untilItAnswers(`http://127.0.0.1:${port}/`);
  return {
    backend: `s3://${bucket}?endpoint=http://127.0.0.1:${port}&s3ForcePathStyle=true&region=us-east-1`,
    env: { AWS_ACCESS_KEY_ID: accessKey, AWS_SECRET_ACCESS_KEY: secretKey, AWS_REGION: "us-east-1" },
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

async function untilItAnswers(url: string): Promise<void> {
  const deadline = Date.now() + readyMs;
  for (;;) {
    const answered = await fetch(url, { signal: AbortSignal.timeout(1_000) }).then(
      () => true,
      () => false,
    );
    if (answered) return;
    if (Date.now() > deadline) throw new Error(`the S3 server at ${url} does not answer`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
