import { readFile } from "node:fs/promises";
import { parse } from "yaml";
import type { Plan } from "../../infra/account-limits.ts";
import { namespace } from "../../infra/config.ts";

/** What of a stack's file is looked at beside other stacks' ones. */
export interface StackFileSettings {
  readonly accountId?: string;
  readonly plan?: Plan;
  readonly hostname?: string;
  readonly alsoHostnames?: readonly string[];
  readonly workerName?: string;
  readonly serviceTokens?: readonly { readonly name: string }[];
  readonly tunnel?: { readonly id?: string };
  readonly shared?: {
    readonly gateways?: readonly string[];
    readonly alerts?: { readonly webhooks?: readonly unknown[] };
    readonly groups?: readonly { readonly name: string }[];
    readonly loginMethods?: readonly { readonly name: string }[];
  };
  readonly access?: {
    readonly emails?: readonly string[];
    readonly groups?: readonly string[];
    readonly identityProviders?: readonly string[];
    readonly loginMethods?: readonly string[];
    readonly require?: { readonly groups?: readonly string[] };
    readonly exclude?: { readonly groups?: readonly string[] };
  };
  readonly pi?: PiInFile;
}

/** Where a stack's Pi is, as its file has it: unchecked. */
export interface PiInFile {
  readonly host?: string;
  readonly port?: number;
  readonly jump?: { readonly host?: string; readonly port?: number };
  readonly openclawPort?: number;
  readonly abandoned?: boolean;
}

/** The stack's own keys, secrets encrypted. A file that is missing or broken is told of by the stack's own up. */
export async function settingsIn(file: string): Promise<StackFileSettings> {
  try {
    const { config } = parse(await readFile(file, "utf8")) as { config?: Record<string, unknown> };
    return Object.fromEntries(
      Object.entries(config ?? {}).map(([key, value]) => [key.replace(`${namespace}:`, ""), value]),
    );
  } catch {
    return {};
  }
}
