import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { connect, createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** A network of the browser's own, from which the rehearsed edge can be reached and nothing else. */
export interface BrowserNetwork {
  /** Starts a program in it: what to start instead, and what has to be in its environment. */
  readonly executablePath: string;
  readonly environment: (program: string) => Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/** How long the network may take to stand, in ms. */
const startMs = 20_000;

/**
 * Makes one. In the machine's own network Chromium breaks off what it is doing (net::ERR_NETWORK_CHANGED) whenever an
 * interface comes or goes, and every rehearsal beside this one brings some. It needs root.
 *
 * @param edgeAddress the same inside as outside
 */
export async function openBrowserNetwork(edgeAddress: string): Promise<BrowserNetwork> {
  const folder = await mkdtemp(join(tmpdir(), "browser-network-"));
  const path = join(folder, "edge.sock");
  const open = new Set<Socket>();
  const outside = createServer((inner) => {
    const edge = connect(443, edgeAddress);
    for (const socket of [inner, edge]) {
      open.add(socket);
      socket.on("close", () => open.delete(socket));
    }
    inner.pipe(edge).pipe(inner);
    inner.on("error", () => edge.destroy());
    edge.on("error", () => inner.destroy());
  });
  outside.listen(path);
  await once(outside, "listening");
  const script = fileURLToPath(new URL("inside.ts", import.meta.url));
  const inside = spawn("unshare", ["--net", "--", process.execPath, script, edgeAddress, path], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const ended = once(inside, "exit");
  let complaint = "";
  inside.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaint += text;
  });
  const close = async () => {
    inside.stdin.end();
    await ended;
    outside.close();
    for (const socket of open) socket.destroy();
    await rm(folder, { recursive: true, force: true });
  };
  const late = AbortSignal.timeout(startMs);
  const stands = once(inside.stdout, "data", { signal: late }).then(() => true);
  if (!(await Promise.race([stands, ended.then(() => false)]).catch(() => false))) {
    inside.kill();
    await close();
    throw new Error(`The browser's network could not be made: ${complaint.trim() || "it did not come up"}`);
  }
  return {
    executablePath: fileURLToPath(new URL("enter.sh", import.meta.url)),
    environment: (program) => ({
      BROWSER_NETWORK: `/proc/${inside.pid}/ns/net`, // unshare becomes the script: its id is the namespace's
      BROWSER_PROGRAM: program,
    }),
    close,
  };
}
