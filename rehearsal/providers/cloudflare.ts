import { type CloudflareApi, createApi } from "./cloudflare-api.ts";
import { cloudflareFunctions } from "./cloudflare-functions.ts";
import { restResource } from "./cloudflare-resource.ts";
import { definitions } from "./cloudflare-table.ts";
import { runAsPlugin } from "./plugin.ts";
import type { Provider } from "./protocol.ts";
import { workersScript } from "./workers-script.ts";

/** Stands in for pulumi-resource-cloudflare: the same protocol to the engine, the same calls to the REST API. */
function cloudflareProvider(): Provider {
  let api: CloudflareApi | undefined;
  const configured = (): CloudflareApi => {
    if (!api) throw new Error("the provider has not been configured yet");
    return api;
  };
  const kinds = Object.entries(definitions).map(([type, definition]) => [
    type,
    restResource(definition, configured),
  ]);
  return {
    version: "6.22.1",
    configure({ apiToken, baseUrl }) {
      api = createApi({ apiToken, baseUrl });
    },
    resources: {
      ...Object.fromEntries(kinds),
      "cloudflare:index/workersScript:WorkersScript": workersScript(configured),
    },
    functions: cloudflareFunctions(configured),
  };
}

if (import.meta.main) await runAsPlugin(cloudflareProvider());
