import { namespace } from "../../infra/config.ts";
import { fingerprint } from "../../infra/host-key.ts";
import { addressOf } from "./hostname.ts";
import { piAddressText } from "./pi-address.ts";
import { quoted, shellFilePath } from "./places.ts";
import { changedKeys, type Plan } from "./plan.ts";

/** All that was answered, to look at once more before it is written; no secret is in it. */
export function summaryOf(plan: Plan): string {
  const { stack, backend, passphrase, account, tokenPlace, values, pi } = plan;
  const access = values.access as { emails: string[]; emailDomains?: string[] };
  const tokens = values.serviceTokens as { name: string; duration: string }[];
  const rows: [string, string][] = [
    ["stack", `${stack.name} (${stack.exists ? changeText(plan) : "new"})`],
    ["state", backend.url],
    ["passphrase", passphraseText(plan)],
    ["address", addressOf(stack.name, values, account)],
    ["account", account.accountId],
    ["login at", account.teamDomain],
    ["API token", tokenPlace === "stack" ? "in the stack, encrypted" : "in CLOUDFLARE_API_TOKEN, not stored"],
    ["people", [...access.emails, ...(access.emailDomains ?? []).map((domain) => `@${domain}`)].join(", ")],
    ["programs", tokens.map(({ name, duration }) => `${name} (${duration})`).join(", ") || "none"],
    ["Pi", `${piAddressText(pi.config)}: ${pi.seen ?? "not ready yet, looked at again by pulumi up"}`],
    ["host key", fingerprint(pi.config.hostKey)],
    ["SSH key", pi.config.privateKey === undefined ? "of the SSH agent" : "in the stack, encrypted"],
  ];
  if (!passphrase && backend.isService) rows.splice(2, 1);
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `  ${name.padEnd(width)}  ${value}`).join("\n");
  return account.limitedLogins === undefined ? table : `${table}\n\n${account.limitedLogins}`;
}

function changeText(plan: Plan): string {
  const keys = changedKeys(plan).map((key) => `${namespace}:${key}`);
  if (tokenMoves(plan)) keys.push("cloudflare:apiToken");
  return keys.length === 0 ? "nothing to change" : `changes: ${keys.join(", ")}`;
}

function tokenMoves({ tokenPlace, stored, account }: Plan): boolean {
  return tokenPlace === "stack" ? stored.apiToken !== account.token.value : stored.apiToken !== undefined;
}

function passphraseText({ passphrase }: Plan): string {
  if (!passphrase?.file) return "yours, kept nowhere";
  return `${passphrase.isNew ? "a new one, in" : "in"} ${passphrase.file}`;
}

interface NextStep {
  /** As it is typed. */
  readonly line: string;
  readonly remark: string;
}

/** What to run next, in this order. */
export function nextSteps({ stack, tokenPlace }: Plan): NextStep[] {
  return [
    {
      line: `. ${quoted(shellFilePath(stack.name))}`,
      remark: "in every new shell: where the state and the passphrase are",
    },
    ...(tokenPlace === "environment"
      ? [{ line: "export CLOUDFLARE_API_TOKEN=...", remark: "the token, unless it is set already" }]
      : []),
    { line: "npx pulumi up", remark: "shows what it will build, asks, and builds it" },
    { line: "npx pulumi stack output chatUrl", remark: "the page to open in a browser" },
  ];
}

/** What stands at the end of a set-up. */
export function farewell(plan: Plan): string {
  const { stack, passphrase, backend } = plan;
  const steps = nextSteps(plan);
  const width = Math.max(...steps.map(({ line }) => line.length));
  return [
    `The stack ${stack.name} is set up. Run next, in this folder:`,
    "",
    ...steps.map(({ line, remark }) => `  ${line.padEnd(width)}  # ${remark}`),
    "",
    ...(passphrase?.isNew
      ? [
          `Copy the passphrase in ${passphrase.file} into your password manager now:`,
          "without it the stack's secrets are lost.",
        ]
      : []),
    ...(backend.url.startsWith("file:")
      ? ["The state is on this machine alone. Back it up together with the passphrase."]
      : []),
    `To change an answer later: npm run init -- --stack ${stack.name}`,
    "To take everything off again: npx pulumi destroy",
  ].join("\n");
}
