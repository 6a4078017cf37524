import { createHash, randomBytes } from "node:crypto";
import { Refusal } from "../../infra/refusal.ts";
import { own } from "./change-config.ts";
import { type Kind, requireRefused, requireTaken, stillAccepted, unprovenMend } from "./kind.ts";
import { noWayIn, readState, resourceIn, type Scene, wayIn } from "./scene.ts";

const title = "the API key";
const path = "/ready";
const current = own("apiKeys.current");
const previous = own("apiKeys.previous");

/** The gateway's own key: the Worker takes two while programs change over. */
export const apiKey: Kind = {
  target: "api-key",
  title,
  overlaps: true,
  next: "npx pulumi config get --path openclaw-gateway:apiKeys.current",
  begin({ config, stack }) {
    const old = requireKey(config.apiKeys.current);
    refuseThird(config.apiKeys.previous, stack.name);
    // 32 bytes in 43 signs.
    const key = randomBytes(32).toString("base64url");
    return {
      changes: [
        { path: previous, secret: old },
        { path: current, secret: key },
      ],
      kept: old,
    };
  },
  async proveNew(scene, around) {
    const credentials = wayIn(scene);
    if (credentials) {
      await requireTaken(
        scene,
        around,
        { title, path, credentials },
        ({ byWorker, code }) => byWorker && !code.startsWith("API_KEY_"),
      );
      return undefined;
    }
    if (await isBuiltWith(scene, scene.config.apiKeys.current))
      return `Cloudflare has taken the Worker with the new one, and no request has tried it: ${noWayIn}`;
    throw new Refusal(
      "ROTATION_UNPROVEN",
      `the stack's Worker was not built with ${title} the new one; nothing of the old one was ended`,
      ...unprovenMend(scene),
    );
  },
  end: ({ config }) => (config.apiKeys.previous === undefined ? [] : [{ path: previous, remove: true }]),
  async proveOldRefused(scene, around, kept) {
    const credentials = wayIn(scene);
    if (credentials) {
      await requireRefused(
        scene,
        around,
        { title, path, credentials: { ...credentials, apiKey: kept } },
        ({ code }) => code === "API_KEY_WRONG",
      );
      return undefined;
    }
    if (await isBuiltWith(scene, kept)) throw stillAccepted(scene, title, "the stack's Worker was built");
    return `Cloudflare has taken the Worker without it, and no request has tried it: ${noWayIn}`;
  },
};

/**
 * Whether the Worker that Cloudflare has taken last knows a key, by its SHA-256: Cloudflare shows no secret of a Worker,
 * and the state has an upload once it was taken.
 */
async function isBuiltWith({ stack }: Scene, key = ""): Promise<boolean> {
  const state = await readState(stack, { showSecrets: true });
  const worker = resourceIn(state, "WorkersScript", `${stack.name}-script`);
  return JSON.stringify(worker ?? {}).includes(createHash("sha256").update(key).digest("hex"));
}

function requireKey(key: string | undefined): string {
  if (key !== undefined) return key;
  throw new Refusal(
    "ROTATION_NOT_POSSIBLE",
    "the stack has no API key",
    "make one: openssl rand -base64 32 | npx pulumi config set --secret --path apiKeys.current",
  );
}

/** The Worker takes two. What this command has replaced itself is in its record, and refused by that. */
function refuseThird(older: string | undefined, stack: string): void {
  if (older === undefined) return;
  throw new Refusal(
    "ROTATION_PENDING",
    "apiKeys.previous, which somebody has set, is still good, and a new key would take its place: programs that send it would be refused unseen",
    `once none sends it: npx pulumi config rm --path ${previous} --stack ${stack}, then the same command again`,
  );
}
