import { z } from "zod";
import { exclude, mfa, named, require } from "./config-access-rules.ts";
import { isPublicMail } from "./public-mail.ts";

const secondsOf: Readonly<Record<string, number>> = { h: 3600, m: 60, s: 1 };
/** A month, as Cloudflare's dashboard has it. */
const longestSeconds = 730 * 3600;

/**
 * Cloudflare's durations are Go's (https://pkg.go.dev/time#ParseDuration), such as "24h" or "30m". Access takes any from
 * an immediate end to a month
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/access-settings/session-management/); of a login that
 * ends before the page is there, the gateway refuses every request.
 */
const duration = z
  .string()
  .regex(/^([0-9]+(h|m|s))+$/, "a duration such as 24h or 30m")
  .refine(
    (text) => {
      const parts = [...text.matchAll(/([0-9]+)([hms])/g)];
      const seconds = parts.reduce(
        (sum, [, count, unit = ""]) => sum + Number(count) * (secondsOf[unit] ?? 0),
        0,
      );
      return seconds >= 60 && seconds <= longestSeconds;
    },
    { message: "a duration from 1m to 730h, which is a month" },
  );

/** What lets everyone in. A whole sentence: nobody sets it by mistake. */
export const EVERYONE = "anyone on the internet may sign in as a guest";

/** Who is let in: keys of `access`, and of a group. */
export const letIn = {
  emails: z.array(z.email("an email address")).default([]).meta({
    description:
      "People who may log in, by email address. At least one, or one of emailDomains, groups or identityProviders, or everyone.",
    example: "you@example.com",
  }),
  emailDomains: z
    .array(
      z
        .string()
        .regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain such as example.com")
        .refine((domain) => !isPublicMail(domain), {
          message: `a domain whose addresses are given to people you know: of this one anybody can have an address. Who shall come in is named by access.emails; everyone on the internet by access.everyone '${EVERYONE}'`,
        }),
    )
    .default([])
    .meta({
      description:
        "Everyone with an address of one of these domains may log in. A domain where anybody can have an address, such as gmail.com, is refused: see access.emails and access.everyone.",
      example: "example.com",
    }),
  groups: named(
    "an Access group",
    "Access groups whose people may log in, by name or id. Whom no role names is then what roles.others says.",
    "family",
  ),
  identityProviders: named(
    "a login method",
    "Login services of one's own (Okta, Entra ID, Google Workspace, OIDC, SAML), by name or id, everyone of which may log in. One that anybody can have an account with is refused. Whom no role names is then what roles.others says.",
    "'Our Okta'",
  ),
  everyone: z
    .literal(EVERYONE, { error: `no such key, or the sentence "${EVERYONE}" word for word` })
    .optional()
    .meta({
      description:
        "Lets in everyone whom a login method vouches for: with the one-time PIN, whoever has an email address. Only this sentence does it. Whom no role names is then a guest.",
      example: `'${EVERYONE}'`,
    }),
};

type LetIn = z.infer<z.ZodObject<typeof letIn>>;

export const hasSomebody = ({ emails, emailDomains, groups, identityProviders, everyone }: LetIn): boolean =>
  emails.length + emailDomains.length + groups.length + identityProviders.length > 0 ||
  everyone !== undefined;

/** @param prefix what stands before the names of the keys */
export const somebodyWanted = (prefix: string): string =>
  `at least one person who may log in, by ${["emails", "emailDomains", "groups"].map((key) => prefix + key).join(", ")} or ${prefix}identityProviders; or everyone, by ${prefix}everyone '${EVERYONE}'`;

export const access = z
  .strictObject({
    ...letIn,
    loginMethods: named(
      "a login method",
      "The only login methods (identity providers) to use, by name or id. All of the account when not set; one alone is gone to at once.",
      "GitHub",
    ),
    require,
    exclude,
    mfa,
    sessionDuration: duration.default("24h").meta({
      description: "How long a login lasts before Access asks again, from 1m to 730h (a month).",
      unit: "a duration of h, m and s",
      example: "12h",
    }),
    bindingCookie: z.boolean("true or false").default(false).meta({
      description:
        "Whether Access ties a login to its browser by a second cookie. It breaks tools that are no browser and use a login's cookie.",
      example: "true",
    }),
    cookie: z.boolean("true or false").default(false).meta({
      description:
        "Whether the gateway reads the login's cookie too where Access sent no header. Access always sends it; only for a gateway that something else stands in front of.",
      example: "true",
    }),
  })
  .meta({ description: "Who may come in through Cloudflare Access." })
  .refine(hasSomebody, { path: ["emails", 0], message: somebodyWanted("access.") });
