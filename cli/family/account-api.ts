import type { CloudflareApi } from "../../infra/cloudflare-api.ts";
import type { Engine } from "../../rehearsal/engine/index.ts";
import { projectFolder } from "../init/places.ts";
import { pulumiOf } from "../init/pulumi.ts";
import { readStored } from "../init/stored.ts";
import type { StackOfFamily } from "./household.ts";
import { apiWith } from "./look.ts";

/** How a run asks Cloudflare what concerns all of its stacks. */
export interface AccountApi {
  readonly api: CloudflareApi;
  /** Absent where the stack that is asked for it cannot be read; its own operation says why. */
  readonly accountId?: string;
}

/** The account and the API of the first of these stacks, which stands for all of a run. */
export async function accountApi(stacks: readonly StackOfFamily[], engine: Engine): Promise<AccountApi> {
  const [first] = stacks;
  if (!first) return { api: apiWith(undefined, undefined) };
  try {
    const pulumi = pulumiOf(engine, projectFolder()).with(first.env);
    const { values, apiToken, baseUrl } = await readStored(pulumi, first.ref);
    return { api: apiWith(apiToken, baseUrl), accountId: String(values.accountId) };
  } catch {
    return { api: apiWith(undefined, undefined) };
  }
}
