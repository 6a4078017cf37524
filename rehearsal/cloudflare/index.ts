import type { CertificateAuthority } from "../ca.ts";
import type { Progress } from "../progress.ts";
import type { Traits } from "./access/people.ts";
import { createTeam } from "./access/team.ts";
import type { ApiTokenOptions } from "./api/api-tokens.ts";
import { createApiTokens } from "./api/api-tokens.ts";
import type { Faults } from "./api/faults.ts";
import { type ApiCall, startApi } from "./api/server.ts";
import { createWorkerRuntime } from "./edge/runtime.ts";
import { startEdge } from "./edge/server.ts";
import type { Internet } from "./edge/user-worker.ts";
import { type AccountOptions, addZone, createAccount, describeResources } from "./new-account.ts";
import { createNotifications } from "./notifications.ts";
import { startTunnelServer } from "./tunnel/server.ts";

export type { ApiTokenOptions } from "./api/api-tokens.ts";
export type { Faults } from "./api/faults.ts";
export { type ApiPermission, programPermissions } from "./api/permissions.ts";
export type { ApiCall } from "./api/server.ts";

/** The connector stand-in that a rehearsed host installs as `/usr/bin/cloudflared`: a script for perl-base. */
export const connectorScript = new URL("./connector/cloudflared", import.meta.url);

/** Where and how a local Cloudflare starts. */
export interface LocalCloudflareOptions extends AccountOptions {
  readonly ca: CertificateAuthority;
  /** Loopback address of the edge: TLS on 443. */
  readonly edgeAddress: string;
  /** Address that connectors reach: 7844, TCP and UDP. */
  readonly streetAddress: string;
  /** Where its sockets are made; the temporary folder by default. */
  readonly folder?: string;
  readonly progress: Progress;
  /** What answers outside the account: what Workers fetch there, and webhooks of notifications. Nothing by default. */
  readonly internet?: Internet;
  /** What Workers see as the client's address; a documentation one by default (RFC 5737). */
  readonly clientIp?: string;
  /** Two letters, `DE` by default. */
  readonly clientCountry?: string;
}

/** A Cloudflare account on this machine: API, Access, edge and tunnel. */
export interface LocalCloudflare {
  /** For CLOUDFLARE_BASE_URL: `http://127.0.0.1:PORT/client/v4`. */
  readonly apiUrl: string;
  readonly accountId: string;
  /** A user's token with every permission that the program needs. */
  readonly apiToken: string;
  /** A new token of the account's owner, or of the account itself. */
  issueApiToken(options?: ApiTokenOptions): string;
  revokeApiToken(token: string): void;
  /** The account's name under workers.dev. */
  readonly workersSubdomain: string;
  readonly teamDomain: string;
  readonly edgeAddress: string;
  /** Gives the account a zone more. @returns its id */
  addZone(name: string): string;
  /** What exists now, one line each: "tunnel openclaw-dev (id)". Empty after a destroy. */
  resources(): string[];
  /** Every API call since the start, in the order of its answers. */
  readonly calls: readonly ApiCall[];
  /** Whose sessions were ended by the API, in this order. */
  readonly revokedPeople: readonly string[];
  /** The login code that lies in a person's inbox. */
  loginCode(email: string): string | undefined;
  /** Where every client of the edge is from now on. */
  moveClient(to: { readonly ip?: string; readonly country?: string }): void;
  /** What a person has besides their address, and where they are, from now on. Of whom nothing is said, nothing holds. */
  describePerson(email: string, traits: Traits): void;
  /** Makes Access sign with a new key; the one before stays valid, older ones go. */
  rotateKeys(): Promise<void>;
  /** Lets a Worker's clock strike: calls its `scheduled` handler once for each of its cron triggers. */
  strike(scriptName: string): Promise<void>;
  /** Sends what Cloudflare does of service tokens that end within a week, once for each. */
  remindOfExpiry(): Promise<void>;
  /** What goes wrong on request. */
  readonly faults: Faults;
  close(): Promise<void>;
}

/** Starts a new, empty account on these addresses. What was started is closed again when one part fails. */
export async function startCloudflare(options: LocalCloudflareOptions): Promise<LocalCloudflare> {
  return options.progress.step("Starting the local Cloudflare", async () => {
    const started: { close(): Promise<void> }[] = [];
    const close = async () => {
      for (const part of started.toReversed()) await part.close();
    };
    const begun = <T extends { close(): Promise<void> }>(part: T): T => {
      started.push(part);
      return part;
    };
    try {
      const account = createAccount(options);
      const client = { ip: options.clientIp ?? "203.0.113.7", country: options.clientCountry ?? "DE" };
      const team = await createTeam(account, client);
      const notifications = createNotifications(account, options.internet);
      const tunnels = begun(
        await startTunnelServer(account, options.streetAddress, (id, status) => {
          const tunnel = account.tunnels.get(id);
          if (tunnel) notifications.tunnelHealth(tunnel, status);
        }),
      );
      const runtime = begun(
        await createWorkerRuntime({
          account,
          tunnels,
          certs: async () => team.keys.certs(),
          folder: options.folder,
          internet: options.internet,
        }),
      );
      begun(await startEdge(options.edgeAddress, { ca: options.ca, team, runtime }));
      const tokens = createApiTokens();
      const api = begun(
        await startApi({
          account,
          tokens,
          tunnels,
          runtime,
          keys: team.keys,
          notifications,
          revoke: team.revocations,
        }),
      );
      const late = [account.apps, account.policies, account.groups];
      return {
        apiUrl: api.url,
        accountId: account.id,
        apiToken: tokens.issue(),
        issueApiToken: tokens.issue,
        revokeApiToken: tokens.revoke,
        workersSubdomain: account.workersSubdomain,
        teamDomain: account.teamDomain,
        edgeAddress: options.edgeAddress,
        addZone: (name) => addZone(account, name),
        resources: () => describeResources(account),
        calls: api.calls,
        revokedPeople: team.revocations.people,
        loginCode: (email) => team.tickets.codeFor(email),
        moveClient: (to) => void Object.assign(team.client, to),
        describePerson: team.describe,
        rotateKeys: team.keys.rotate,
        remindOfExpiry: notifications.expiringTokens,
        strike: async (name) => {
          for (const { cron } of account.scripts.get(name)?.schedules ?? []) {
            const done = await runtime.running(name)?.tick(String(cron));
            if (done?.outcome !== "ok")
              throw new Error(`the clock of ${name}: ${done?.outcome ?? "not running"}`);
          }
        },
        faults: {
          ...api.faults,
          policyDelay: (seconds) => {
            for (const collection of late) collection.publishDelayMs = seconds * 1000;
          },
          clear: () => {
            api.faults.clear();
            for (const collection of late) {
              collection.publishDelayMs = 0;
              collection.publish();
            }
          },
        },
        close,
      };
    } catch (error) {
      await close();
      throw error;
    }
  });
}
