import type { Account } from "../account.ts";

/** The Worker that answers this hostname, or undefined: no such name, or its workers.dev route is off. */
export function scriptFor(account: Account, hostname: string): string | undefined {
  const suffix = `.${account.workersSubdomain}.workers.dev`;
  if (hostname.endsWith(suffix)) {
    const script = account.scripts.get(hostname.slice(0, -suffix.length));
    return script?.enabled ? script.id : undefined;
  }
  return account.customDomains.find((domain) => domain.hostname === hostname)?.service;
}
