import { Interrupted } from "../interruption.ts";

/**
 * Aborted by Ctrl-C or SIGTERM. npm passes on a Ctrl-C that the terminal has sent here too, so the second within a
 * moment is the same one; a later one ends this process at once.
 */
export function interruptedBySignals(): AbortSignal {
  const controller = new AbortController();
  let first = 0;
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
    process.on(name, () => {
      if (controller.signal.aborted && performance.now() - first > 1_000) process.exit(130);
      if (controller.signal.aborted) return;
      first = performance.now();
      process.stderr.write(
        "\nStopping: what runs comes to the end of its step, nothing new is started. Once more ends it at once.\n",
      );
      controller.abort(new Interrupted());
    });
  return controller.signal;
}
