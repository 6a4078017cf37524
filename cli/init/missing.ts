import type { Missing, Setup } from "./setup.ts";
import type { Stored } from "./stored.ts";

/**
 * What a run with nobody to ask lacks.
 *
 * @param stored what the stack has; undefined before its backend and name are known, when only what no stack can have
 *   is looked for, and all the rest too where the stack's name is missing itself
 */
export function missingAnswers({ options, person }: Setup, stored: Stored | undefined): Missing[] {
  if (person) return [];
  const missing: Missing[] = [];
  const need = (there: unknown, flag: string, what: string) => {
    if (!there) missing.push({ flag, what });
  };
  need(options.stack, "--stack NAME", "the stack's name, part of the gateway's address");
  need(options.yes, "--yes", "that it may be written without a question");
  if (stored === undefined && missing.length === 0) return [];

  const { apiToken, values = {} } = stored ?? {};
  const token = options.apiTokenFile ?? process.env.CLOUDFLARE_API_TOKEN ?? apiToken;
  need(
    token,
    "--api-token-file FILE",
    "Cloudflare's API token (- is standard input), or CLOUDFLARE_API_TOKEN",
  );
  need(
    options.email ?? options.emailDomain ?? values.access,
    "--email ADDRESS",
    "who may log in; several times for several people",
  );
  const pi = values.pi as { privateKey?: string } | undefined;
  need(options.pi ?? pi, "--pi USER@HOST[:PORT]", "the Pi, as ssh reaches it");
  need(
    options.hostKeyFingerprint ?? pi,
    "--host-key-fingerprint SHA256:…",
    "on the Pi: ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub",
  );
  need(
    options.identity ?? options.agent ?? process.env.SSH_AUTH_SOCK ?? pi?.privateKey,
    "--identity FILE",
    "the SSH key, kept in the stack, encrypted; or an SSH agent (SSH_AUTH_SOCK)",
  );
  return missing;
}
