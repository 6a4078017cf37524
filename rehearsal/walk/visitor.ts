import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** A service token as the stack's outputs give it. */
export interface Credentials {
  readonly clientId: string;
  readonly clientSecret: string;
}

export interface Answer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/** Someone outside with curl. */
export interface Visitor {
  /** The arguments that lead curl to the rehearsed edge, for printing too: no secret in them. */
  readonly route: readonly string[];
  /** A file of header lines (0600) that signs a request in: `curl -H @FILE`. */
  readonly headersFile: string;
  get(path: string, options?: VisitOptions): Promise<Answer>;
  post(path: string, body: unknown, options?: VisitOptions): Promise<Answer>;
}

export interface VisitOptions {
  /** Signs in with the service token. Default true. */
  readonly signedIn?: boolean;
}

/**
 * Requests by the real curl, as a user's script would make them.
 *
 * @param origin of the gateway, `https://HOST`
 * @param folder where the authority's certificate and the headers are kept
 */
export async function visitorOf(
  origin: string,
  {
    edgeAddress,
    caCertificate,
    credentials,
    folder,
  }: { edgeAddress: string; caCertificate: string; credentials: Credentials; folder: string },
): Promise<Visitor> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const caFile = join(folder, "ca.pem");
  const headersFile = join(folder, "headers");
  await writeFile(caFile, caCertificate);
  await writeFile(
    headersFile,
    `CF-Access-Client-Id: ${credentials.clientId}\nCF-Access-Client-Secret: ${credentials.clientSecret}\n`,
    { mode: 0o600 },
  );
  const route = ["--resolve", `${new URL(origin).hostname}:443:${edgeAddress}`, "--cacert", caFile];
  const visit = (path: string, { signedIn = true }: VisitOptions, more: string[], input = "") =>
    curl(
      [...route, ...(signedIn ? ["--header", `@${headersFile}`] : []), ...more, `${origin}${path}`],
      input,
    );
  return {
    route,
    headersFile,
    get: (path, options = {}) => visit(path, options, []),
    post: (path, body, options = {}) =>
      visit(
        path,
        options,
        ["--header", "content-type: application/json", "--data-binary", "@-"],
        JSON.stringify(body),
      ),
  };
}

async function curl(args: string[], input: string): Promise<Answer> {
  const child = spawn("curl", [
    "--silent",
    "--show-error",
    "--no-buffer",
    "--max-time",
    "120",
    "--include",
    ...args,
  ]);
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    stderr += text;
  });
  child.stdin.end(input);
  const [code] = await once(child, "close");
  if (code !== 0) throw new Error(`curl ended with ${code}: ${stderr.trim()}`);
  return parseAnswer(stdout);
}

/** What `curl --include` prints; interim answers (100 Continue, 103) are passed over. */
export function parseAnswer(text: string): Answer {
  const end = text.indexOf("\r\n\r\n");
  const [statusLine = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(statusLine.split(" ")[1]);
  const rest = text.slice(end + 4);
  if (status >= 100 && status < 200) return parseAnswer(rest);
  const headers = new Map(
    lines.map((line) => [
      line.slice(0, line.indexOf(":")).toLowerCase(),
      line.slice(line.indexOf(":") + 1).trim(),
    ]),
  );
  return { status, headers, body: rest };
}
