import { z } from "zod";
import { exclude, ids, mfa, require } from "./config-access-rules.ts";
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

export const access = z
  .strictObject({
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
    groups: ids(
      "an Access group",
      "Access groups whose people may log in, by id. Whom no role names is then what roles.others says.",
    ),
    identityProviders: ids(
      "a login method",
      "Login services of one's own (Okta, Entra ID, Google Workspace, OIDC, SAML), by id, everyone of which may log in. One that anybody can have an account with is refused. Whom no role names is then what roles.others says.",
    ),
    everyone: z
      .literal(EVERYONE, { error: `no such key, or the sentence "${EVERYONE}" word for word` })
      .optional()
      .meta({
        description:
          "Lets in everyone whom a login method vouches for: with the one-time PIN, whoever has an email address. Only this sentence does it. Whom no role names is then a guest.",
        example: `'${EVERYONE}'`,
      }),
    loginMethods: ids(
      "a login method",
      "The only login methods (identity providers) to use, by id. All of the account when not set; one alone is gone to at once.",
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
  .refine(
    ({ emails, emailDomains, groups, identityProviders, everyone }) =>
      emails.length + emailDomains.length + groups.length + identityProviders.length > 0 ||
      everyone !== undefined,
    {
      path: ["emails", 0],
      message: `at least one person who may log in, by access.emails, access.emailDomains, access.groups or access.identityProviders; or everyone, by access.everyone '${EVERYONE}'`,
    },
  );
