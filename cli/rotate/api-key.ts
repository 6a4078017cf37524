import { randomBytes } from "node:crypto";
import { Refusal } from "../../infra/refusal.ts";
import { own } from "./change-config.ts";
import { type Kind, requireRefused, requireTaken } from "./kind.ts";
import { credentialsOf, type Scene } from "./scene.ts";

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
  begin({ config }) {
    const old = requireKey(config.apiKeys.current);
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
  proveNew: (scene, around) =>
    requireTaken(
      scene,
      around,
      { title, path, credentials: withKey(scene) },
      ({ byWorker, code }) => byWorker && !code.startsWith("API_KEY_"),
    ),
  end: ({ config }) => (config.apiKeys.previous === undefined ? [] : [{ path: previous, remove: true }]),
  proveOldRefused: (scene, around, kept) =>
    requireRefused(
      scene,
      around,
      { title, path, credentials: withKey(scene, kept) },
      ({ code }) => code === "API_KEY_WRONG",
    ),
};

const withKey = (scene: Scene, key?: string) => ({
  ...credentialsOf(scene),
  ...(key !== undefined && { apiKey: key }),
});

function requireKey(key: string | undefined): string {
  if (key !== undefined) return key;
  throw new Refusal(
    "ROTATION_NOT_POSSIBLE",
    "the stack has no API key",
    "make one: openssl rand -base64 32 | npx pulumi config set --secret --path apiKeys.current",
  );
}
