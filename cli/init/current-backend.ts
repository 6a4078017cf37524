import { realpathSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";
import { projectFolder } from "./places.ts";
import type { Pulumi } from "./pulumi.ts";

/** What `pulumi whoami --json` and `pulumi about --json` say of a backend. */
interface SaidOfBackend {
  readonly name?: string;
  readonly url?: string;
}

const pulumiCloud = "https://api.pulumi.com";
/** What Pulumi says without a terminal where nobody is logged in (its MissingEnvVarForNonInteractiveError). */
const notLoggedIn = /PULUMI_ACCESS_TOKEN must be set for login/;

/**
 * Where Pulumi is logged in, by its environment, by Pulumi.yaml or by `pulumi login`.
 *
 * @returns as PULUMI_BACKEND_URL takes it; nothing where nobody is logged in
 * @throws Refusal (PULUMI_FAILED) where that cannot be told, such as a server that does not answer
 */
export async function currentBackend(pulumi: Pulumi): Promise<string | undefined> {
  if (process.env.PULUMI_BACKEND_URL) return process.env.PULUMI_BACKEND_URL;
  let said: string;
  try {
    said = await pulumi(["whoami", "--json"]);
  } catch (error) {
    if (notLoggedIn.test((error as Error).message)) return undefined;
    throw error;
  }
  const { url = "" } = JSON.parse(said) as SaidOfBackend;
  return loginUrl(url) ?? (await nameOfServer(pulumi));
}

/**
 * The address to log in at, of the one that Pulumi shows. A server of Pulumi Cloud's kind is shown by its console's: `app.`
 * for `api.`, with the person's name behind it, and nothing for a name of another kind (pulumi's
 * pkg/backend/httpstate/client, CloudConsoleURL); all other backends are shown as they were given.
 *
 * @returns nothing where the console's address does not tell
 */
export function loginUrl(
  shown: string,
  consoleDomain = process.env.PULUMI_CONSOLE_DOMAIN,
): string | undefined {
  if (!/^https?:\/\//.test(shown)) return shown || undefined;
  const { protocol, host } = new URL(shown);
  if (consoleDomain) return undefined;
  if (host === "localhost:3000") return `${protocol}//localhost:8080`;
  return host.startsWith("app.") ? `${protocol}//api.${host.slice("app.".length)}` : undefined;
}

/** `about` names a server by its own address. It starts the language host, which `whoami` does not. */
async function nameOfServer(pulumi: Pulumi): Promise<string | undefined> {
  const { backend } = JSON.parse(await pulumi(["about", "--json"])) as { backend?: SaidOfBackend };
  return backend?.name === "pulumi.com" ? pulumiCloud : backend?.name;
}

/**
 * One spelling of a backend's URL for all that Pulumi takes for the same: a folder may be given below `~`, from where the
 * command runs, with an ending `/` or through a link (pulumi's pkg/backend/diy, massageBlobPath); only to compare with.
 *
 * @param folder where Pulumi runs
 */
export function sameBackend(url: string, folder = projectFolder()): string {
  const [place = "", ...query] = url.split("?");
  if (!place.startsWith("file://")) return [place.replace(/\/+$/, ""), ...query].join("?");
  // The home that the user database has: Pulumi does not look at $HOME.
  const path = resolve(folder, place.slice("file://".length).replace(/^~.?/, `${userInfo().homedir}/`));
  return `file://${realOf(path)}`;
}

function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there: Pulumi says so
  }
}
