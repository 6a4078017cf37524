import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { workerSource } from "../../contract/bundle.ts";
import { median } from "./statistics.ts";

/**
 * How long the Worker's global scope takes, in milliseconds: the median of processes that evaluate the bundle once, in
 * the V8 of Node, since a Worker's own clock stands still while it computes. Compiling is part of it.
 */
export async function globalScopeMs(processes = 9): Promise<number> {
  const { source } = await workerSource();
  const runtime = `data:text/javascript,${encodeURIComponent("export class DurableObject {} export class WorkerEntrypoint {}")}`;
  const bundle = Buffer.from(source)
    .toString("utf8")
    .replaceAll('"cloudflare:workers"', JSON.stringify(runtime));
  const program = `
    const bundle = ${JSON.stringify(`data:text/javascript;base64,${Buffer.from(bundle).toString("base64")}`)};
    await import(${JSON.stringify(runtime)});
    const startedAt = performance.now();
    await import(bundle);
    console.log(performance.now() - startedAt);`;
  const measured: number[] = [];
  for (let run = 0; run < processes; run++) {
    const node = promisify(execFile)(process.execPath, ["--input-type=module", "-"]);
    node.child.stdin?.end(program);
    measured.push(Number((await node).stdout));
  }
  return median(measured);
}
