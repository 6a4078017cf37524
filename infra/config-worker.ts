import { z } from "zod";

/** Whole numbers that the Worker counts with; a limit of nothing would lock everyone out. */
const count = (what: string, most = 1_000_000_000) => {
  const wanted = `${what}: a whole number from 1 to ${most}`;
  return z.int(wanted).min(1, wanted).max(most, wanted);
};

/** Addresses are compared in lower case everywhere: Access hands them on as a person's login service writes them. */
const member = z
  .string()
  .regex(/^[^\s@]*@[a-z0-9-]+(\.[a-z0-9-]+)+$/i, "an email address, or @DOMAIN for everyone of a domain")
  .transform((entry) => entry.toLowerCase());

const people = (description: string, example: string) =>
  z.array(member).default([]).meta({ description, example });

const agent = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,63}$/, "the name of one of OpenClaw's agents");

export const roles = z
  .strictObject({
    owners: people("Who may do everything, OpenClaw's own settings included.", "you@example.com"),
    members: people(
      "Who may chat and use the API; with signIn access the Control UI too, without its settings.",
      "partner@example.com",
    ),
    guests: people("Who may only chat, within quotas.guest.", "'@example.com'"),
    others: z.enum(["member", "guest"], { error: "member or guest" }).optional().meta({
      description:
        "What those are whom access.groups or access.identityProviders let in and nothing here names: Access does not say who is in which group. Never owner; guest where access.everyone is set.",
      example: "guest",
    }),
    agents: z
      .strictObject({
        member: z.array(agent).min(1, "at least one agent").optional().meta({
          description:
            "Which of OpenClaw's agents members talk to, the first one by default. Any when not set.",
          example: "main",
        }),
        guest: z.array(agent).min(1, "at least one agent").optional().meta({
          description:
            "Which of OpenClaw's agents guests talk to, the first one by default. OpenClaw's own default one when not set.",
          example: "web",
        }),
      })
      .prefault({})
      .meta({
        description:
          "Which of OpenClaw's agents a role may talk to, the one of webAgent where that is enabled and nothing is set. Owners: any, by the Control UI.",
      }),
  })
  .prefault({})
  .meta({
    description:
      "Who may do what: an email address, or @DOMAIN for everyone of a domain. When nobody is named, everyone in access.emails is an owner, and everyone of access.emailDomains a guest.",
  });

export const signIn = z.enum(["token", "access"], { error: "token or access" }).default("token").meta({
  description:
    "What opens the Control UI. token: its browser is given OpenClaw's token once, which is the owner's key, and is paired. access: the Access login is enough.",
  example: "access",
});

const apiKey = (description: string) =>
  z
    .string()
    .trim()
    .regex(
      /^[\x21-\x7e]{32,256}$/,
      "32 to 256 letters, digits and signs, such as openssl rand -base64 32 prints",
    )
    .optional()
    .meta({ description, secret: true, example: "< key.txt" });

export const apiKeys = z
  .strictObject({
    current: apiKey(
      "A second key for programs, besides their service token, as Authorization: Bearer. None is asked for when not set.",
    ),
    previous: apiKey("The key of before, good as well while programs change over."),
  })
  .prefault({})
  .refine(({ current, previous }) => current !== undefined || previous === undefined, {
    path: ["current"],
    message: "the key that follows the previous one",
  })
  .meta({ description: "The gateway's own API key." });

export const limits = z
  .strictObject({
    enabled: z.boolean("true or false").default(true).meta({
      description: "Whether requests are limited at all.",
      example: "false",
    }),
    requests: count("requests")
      .default(100)
      .meta({ description: "Requests of everyone together in a window.", unit: "requests", example: "200" }),
    perUser: count("requests").default(50).meta({
      description: "Requests of one person or program in a window.",
      unit: "requests",
      example: "100",
    }),
    perIp: count("requests").default(600).meta({
      description:
        "Requests from one address (IPv6: one /64) in a window, the files of the Control UI included: its first visit asks for about 120.",
      unit: "requests",
      example: "300",
    }),
    windowSeconds: z
      .literal([10, 60], { error: "10 or 60, without quotes: Cloudflare's rate limits know no other window" })
      .default(60)
      .meta({ description: "The window: 10 or 60.", unit: "seconds", example: "10" }),
  })
  .prefault({})
  .meta({
    description:
      "How many requests are let through. Cloudflare counts in each of its locations, and approximately.",
  });

interface QuotaDefaults {
  readonly requestsPerDay: number;
  readonly tokensPerDay: number;
  readonly concurrentRuns: number;
  readonly maxTokens: number;
}

/** A key without a default stays away where it is not set: then nothing is counted, and nothing asked of the ledger. */
const quota = (who: string, defaults?: QuotaDefaults) => {
  const cap = (key: keyof QuotaDefaults, what: string, description: string, example: string) => {
    const schema = count(what);
    const meta = { description: `${description}, for each ${who}.`, unit: what, example };
    return defaults ? schema.default(defaults[key]).meta(meta) : schema.optional().meta(meta);
  };
  return z
    .strictObject({
      requestsPerDay: cap("requestsPerDay", "requests", "Chats and API calls in a day (UTC)", "100"),
      tokensPerDay: cap(
        "tokensPerDay",
        "tokens",
        "Tokens by the usage of the answers, in a day (UTC)",
        "100000",
      ),
      concurrentRuns: cap("concurrentRuns", "runs", "Answers at the same time", "1"),
      maxTokens: cap("maxTokens", "tokens", "The longest answer", "2048"),
    })
    .prefault({})
    .meta({ description: `What each ${who} may use.` });
};

export const quotas = z
  .strictObject({
    owner: quota("owner"),
    member: quota("member"),
    guest: quota("guest", {
      requestsPerDay: 200,
      tokensPerDay: 200_000,
      concurrentRuns: 2,
      maxTokens: 4096,
    }),
  })
  .prefault({})
  .meta({ description: "Exact caps for each person or program, by role. Guests have some from the start." });

const endpoint = (name: string) =>
  z
    .boolean("true or false")
    .default(false)
    .meta({
      description: `Whether POST /v1/${name} is open, at the gateway and in OpenClaw.`,
      example: "true",
    });

const mebibytes = "a whole number from 1 to 20: OpenClaw takes no more";

export const api = z
  .strictObject({
    responses: endpoint("responses"),
    embeddings: endpoint("embeddings"),
    maxBodyMiB: z.int(mebibytes).min(1, mebibytes).max(20, mebibytes).default(1).meta({
      description: "The largest body of a chat or API call.",
      unit: "MiB",
      example: "10",
    }),
  })
  .prefault({})
  .meta({
    description: "What of OpenAI's API is open besides chat completions, and how large a call may be.",
  });

const socketLife = "a whole number from 60 to 86400";

export const sockets = z
  .strictObject({
    maxSeconds: z.int(socketLife).min(60, socketLife).max(86_400, socketLife).default(3600).meta({
      description:
        "How long a connection of the Control UI lasts before its page has to open another: a revoked login ends no connection by itself.",
      unit: "seconds",
      example: "1800",
    }),
    perIdentity: count("connections", 1000).default(10).meta({
      description: "Connections of one person at the same time.",
      unit: "connections",
      example: "5",
    }),
  })
  .prefault({})
  .meta({ description: "Connections (WebSockets) of the Control UI." });

export const corsOrigins = z
  .array(
    z
      .string()
      .regex(
        /^https:\/\/[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?$/,
        "an exact https origin such as https://app.example.com, in lower case and without a slash at its end",
      ),
  )
  .default([])
  .meta({
    description: "Origins of other sites whose pages may call the API.",
    example: "https://app.example.com",
  });

export const forceHttps = z.boolean("true or false").default(true).meta({
  description: "Whether plain http is refused.",
  example: "true",
});

export const logLevel = z
  .enum(["debug", "info", "warn", "error"], { error: "debug, info, warn or error" })
  .default("info")
  .meta({ description: "The least that the Worker logs: debug, info, warn or error.", example: "warn" });

export const logSecurityEvents = z.boolean("true or false").default(true).meta({
  description: "Whether sign-ins, refusals, exceeded limits and unusual patterns are logged.",
  example: "false",
});

export const audit = z.boolean("true or false").default(true).meta({
  description:
    "Whether each request leaves a line in the audit trail: who, what and how it ended, never its content.",
  example: "false",
});
