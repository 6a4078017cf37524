import { readFile } from "node:fs/promises";
import { tokenPermissions } from "../../contract/permissions.ts";
import { Refusal } from "../../infra/refusal.ts";
import type { Person } from "./person.ts";
import { expanded } from "./places.ts";
import type { Options } from "./setup.ts";
import type { Stored } from "./stored.ts";

export type TokenSource = "environment" | "file" | "stack" | "typed";

/** Cloudflare's API token, and where it was found. */
export interface ApiToken {
  readonly value: string;
  readonly source: TokenSource;
}

/** The token that is there without asking: a named file, the environment, then what the stack has. */
export async function apiTokenAtHand(
  { apiTokenFile }: Options,
  stored: Stored,
): Promise<ApiToken | undefined> {
  if (apiTokenFile !== undefined)
    return { value: wellFormed(await readSecret(apiTokenFile)), source: "file" };
  const { CLOUDFLARE_API_TOKEN: inEnvironment } = process.env;
  if (inEnvironment) return { value: wellFormed(inEnvironment.trim()), source: "environment" };
  return stored.apiToken ? { value: stored.apiToken, source: "stack" } : undefined;
}

/** @param explain whether to say first what the token has to be able to do */
export async function askApiToken(person: Person, { explain }: { explain: boolean }): Promise<ApiToken> {
  if (explain) person.tell(howToMakeOne());
  return { value: wellFormed(await person.secret("API token (paste it; it is not shown)")), source: "typed" };
}

/** Where to click, and each permission by its exact name (contract/permissions.ts). */
function howToMakeOne(): string {
  const names = tokenPermissions.map(({ name, level }) => `${name}: ${level}`);
  const width = Math.max(...names.map((name) => name.length));
  return [
    "The program signs in at Cloudflare with an API token. Make one at https://dash.cloudflare.com/profile/api-tokens",
    "(Create Token, Create Custom Token), or for the account itself at Manage Account, Account API Tokens. It needs these",
    'permissions, each under "Account", and under Account Resources the one account:',
    "",
    ...tokenPermissions.map(
      ({ purpose }, index) => `  ${(names[index] ?? "").padEnd(width)}  for ${purpose}`,
    ),
    "",
  ].join("\n");
}

/** The provider's own rule (terraform-provider-cloudflare, provider.go): what was cut off or quoted is seen at once. */
function wellFormed(token: string): string {
  if (/^[0-9A-Za-z\-_]{40,80}$/.test(token)) return token;
  throw new Refusal(
    "CLOUDFLARE_TOKEN_FORMAT",
    `this is not an API token of Cloudflare's: it has ${token.length} characters, and one has 40 to 80 letters, digits, dashes and underscores`,
    token.startsWith("Bearer ")
      ? "leave the word Bearer away"
      : "copy the whole of it, without quotes or spaces",
  );
}

/** @param file its name, or `-` for standard input */
async function readSecret(file: string): Promise<string> {
  if (file === "-") {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    return Buffer.concat(chunks).toString("utf8").trim();
  }
  try {
    return (await readFile(expanded(file), "utf8")).trim();
  } catch (error) {
    throw new Refusal("API_TOKEN_FILE", `the file ${file} cannot be read: ${(error as Error).message}`);
  }
}
