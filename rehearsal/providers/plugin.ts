import type { Log, Provider } from "./protocol.ts";
import { serve } from "./server.ts";

/**
 * The life of a stand-in as a process: serves, tells its port on the first line of stdout as every Pulumi plugin does,
 * and ends with its parent, whose end closes stdin.
 */
export async function runAsPlugin(provider: Provider, connect?: (log: Log) => void): Promise<void> {
  const { port, close } = await serve(provider, connect);
  process.stdout.write(`${port}\n`);
  process.stdin.on("end", close).resume();
}
