import { homedir } from "node:os";
import { join } from "node:path";
import ssh2 from "ssh2";
import { goHostKeyOrder, hostKeyLine } from "../../../infra/host-key.ts";
import { capture } from "../run.ts";
import type { Target } from "./target.ts";

/**
 * The key that a host shows to a client that asks in the order of Pulumi's plugin, as a line of `ssh-keyscan` without
 * the name. Nothing is signed in with.
 *
 * @throws Error when no SSH server answers
 */
export function shownHostKey({ host, port }: Target): Promise<string> {
  return new Promise((resolve, reject) => {
    const client = new ssh2.Client();
    const refuse = (error: Error) =>
      reject(new Error(`No SSH server answers at ${host} port ${port}: ${error.message}`));
    client.on("error", refuse).on("close", () => refuse(new Error("it closed the connection")));
    client.connect({
      host,
      port,
      username: "nobody",
      readyTimeout: 15_000,
      algorithms: { serverHostKey: goHostKeyOrder },
      hostVerifier: (key: Buffer) => {
        resolve(hostKeyLine(key));
        return false; // seen; the connection ends here
      },
    });
  });
}

/**
 * What this user's known_hosts says of a key: the one that was met before, another, or nothing.
 *
 * @param file ssh_config(5), UserKnownHostsFile; hashed names in it are found too
 */
export async function acquaintance(
  { host, port }: Target,
  shown: string,
  file = join(homedir(), ".ssh", "known_hosts"),
): Promise<"known" | "other" | "new"> {
  const name = port === 22 ? host : `[${host}]:${port}`;
  const { stdout } = await capture("ssh-keygen", ["-F", name, "-f", file]);
  const keys = stdout
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split(" ").slice(1, 3).join(" "));
  if (keys.includes(shown)) return "known";
  const sameType = keys.filter((key) => key.split(" ")[0] === shown.split(" ")[0]);
  return sameType.length > 0 ? "other" : "new";
}
