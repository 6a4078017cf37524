import { z } from "zod";

/**
 * What the gateway's own agent never has, whatever is listed: shell, files, the web, the machine's screen and other
 * machines, and OpenClaw itself. Names are those of OpenClaw's tools (docs/gateway/config-tools/tool-policy.md there).
 */
export const CLOSED_TOOLS = [
  "group:runtime",
  "group:fs",
  "group:web",
  "group:ui",
  "group:nodes",
  "group:automation",
  "group:messaging",
  "group:plugins",
] as const;

/** The tools of those groups, and groups that hold some of them. */
const CLOSED = new Set([
  ...CLOSED_TOOLS,
  ...["exec", "bash", "process", "code_execution", "read", "write", "edit", "apply_patch", "ls"],
  ...[
    "web_search",
    "x_search",
    "web_fetch",
    "browser",
    "screen",
    "terminal",
    "dashboard",
    "portal",
    "canvas",
  ],
  ...[
    "nodes",
    "computer",
    "gateway",
    "cron",
    "automations",
    "plugins",
    "openclaw",
    "message",
    "group:openclaw",
  ],
]);

const tool = z
  .string()
  .regex(/^[a-z][a-z0-9_:-]*$/, "the name of one of OpenClaw's tools")
  .refine((name) => !CLOSED.has(name), {
    message: "a tool other than those of the shell, files, the web and OpenClaw itself",
  });

export const webAgent = z
  .strictObject({
    enabled: z.boolean("true or false").default(false).meta({
      description:
        "Whether what comes through the API and the chat page talks to an agent of its own, without shell, files and web. Owners reach the others by the Control UI.",
      example: "true",
    }),
    name: z
      .string()
      .regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "lowercase letters, digits, dashes and underscores")
      .refine((name) => !["main", "default"].includes(name), {
        message: "a name other than main and default",
      })
      .default("web")
      .meta({ description: "What OpenClaw calls this agent.", example: "web" }),
    tools: z.array(tool).default(["session_status"]).meta({
      description:
        "All that this agent may use. Tools of the shell, files, the web and OpenClaw itself are never among them.",
      example: "memory_search",
    }),
  })
  .prefault({})
  .meta({
    description: "An agent of OpenClaw's for the gateway alone. Off, the gateway's people talk to yours.",
  });
