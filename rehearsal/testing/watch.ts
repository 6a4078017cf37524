import { readdirSync, readFileSync } from "node:fs";
import { request } from "node:https";

/** Repeats a look until it is stopped. */
export interface Watch {
  /** Ends the watch. @returns how many looks there were, and what was found in them, each once */
  stop(): Promise<{ looks: number; found: string[] }>;
}

/** Looks again and again, without a pause longer than a turn of the event loop, and keeps what is found. */
function watch(look: () => Promise<string | undefined> | string | undefined): Watch {
  const found = new Set<string>();
  let going = true;
  let looks = 0;
  const loop = (async () => {
    while (going) {
      const seen = await look();
      looks += 1;
      if (seen !== undefined) found.add(seen);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  return {
    async stop() {
      going = false;
      await loop;
      return { looks, found: [...found] };
    },
  };
}

/** Watches the edge for answers to strangers that come from the gateway Worker itself: it stamps each with an id. */
export const watchForOpenGateway = (options: { hostname: string; edgeAddress: string; ca: string }): Watch =>
  watch(async () => {
    const headers = await new Promise<Record<string, unknown>>((resolve, reject) => {
      request(
        {
          host: options.edgeAddress,
          servername: options.hostname,
          ca: options.ca,
          path: "/health",
          headers: { host: options.hostname },
          agent: false,
          timeout: 10_000,
        },
        (answer) =>
          answer.resume().once("end", () => resolve({ status: answer.statusCode, ...answer.headers })),
      )
        .once("error", reject)
        .end();
    });
    return headers["x-request-id"] === undefined
      ? undefined
      : `the Worker answered a stranger with ${headers.status}`;
  });

/** Watches the arguments and the environment of every process of this machine, guests included, for secrets. */
export const watchProcesses = (secrets: () => Readonly<Record<string, string>>): Watch =>
  watch(() => {
    for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
      const text = readQuietly(`/proc/${pid}/cmdline`);
      for (const [name, secret] of Object.entries(secrets())) {
        if (secret && text.includes(secret))
          return `${name} in the arguments of ${text.slice(0, 60).replaceAll("\0", " ")}`;
      }
    }
    return undefined;
  });

function readQuietly(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return ""; // the process has ended since
  }
}
