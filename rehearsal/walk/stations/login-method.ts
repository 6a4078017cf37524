import type { LocalCloudflare } from "../../cloudflare/index.ts";

/**
 * Adds a login method to the account, as its owner would in the dashboard
 * (https://developers.cloudflare.com/api/resources/zero_trust/subresources/identity_providers/).
 *
 * @returns its removal, since the account has to end as it began
 */
export async function addLoginMethod(
  { apiUrl, apiToken, accountId }: LocalCloudflare,
  name: string,
): Promise<{ remove(): Promise<void> }> {
  const ask = async (method: string, path: string, body?: unknown) => {
    const answer = await fetch(`${apiUrl}/accounts/${accountId}/access/identity_providers${path}`, {
      method,
      headers: { authorization: `Bearer ${apiToken}`, "content-type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (!answer.ok) throw new Error(`${method} of the login method ${name} was answered ${answer.status}`);
    return ((await answer.json()) as { result: { id: string } }).result;
  };
  const at = (path: string) => `https://login.example.com/${path}`;
  const config = {
    client_id: "example",
    client_secret: "example",
    auth_url: at("authorize"),
    token_url: at("token"),
    certs_url: at("keys"),
  };
  const { id } = await ask("POST", "", { name, type: "oidc", config });
  return {
    async remove() {
      await ask("DELETE", `/${id}`);
    },
  };
}
