import { z } from "zod";

/** Cloudflare's durations are Go's (https://pkg.go.dev/time#ParseDuration), such as "24h" or "30m". */
const duration = z.string().regex(/^([0-9]+(h|m|s))+$/, "a duration such as 24h or 30m");

const exampleId = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415";
const id = (what: string) => z.guid(`the id of ${what}, such as ${exampleId}`);
const ids = (what: string, description: string) =>
  z.array(id(what)).default([]).meta({ description, example: exampleId });
const country = z.string().regex(/^[A-Z]{2}$/, "a country's two letters, such as DE");

const require = z
  .strictObject({
    // Access wants all that is required at once: of two countries, nobody is ever in both.
    country: country.optional().meta({
      description: "The one country that people must be in. For several, make an Access group of them.",
      example: "DE",
    }),
    groups: ids("an Access group", "Access groups, by id, all of which people must be in."),
    devicePostures: ids("a device posture check", "Device posture checks, by id, all of which must pass."),
    mfa: z.boolean("true or false").default(false).meta({
      description:
        "Whether the login must have had a second factor. Only with a login method that tells Access so: a one-time PIN by email never does, and lets nobody in then.",
      example: "true",
    }),
  })
  .prefault({})
  .meta({ description: "What must hold besides, for everyone who is let in." });

const exclude = z
  .strictObject({
    countries: z.array(country).default([]).meta({
      description: "Countries that nobody comes in from.",
      example: "KP",
    }),
    groups: ids("an Access group", "Access groups, by id, whose people stay out."),
  })
  .prefault({})
  .meta({ description: "Who stays out, though something else lets them in." });

export const access = z
  .strictObject({
    emails: z.array(z.email("an email address")).default([]).meta({
      description: "People who may log in, by email address. At least one, or one of emailDomains or groups.",
      example: "you@example.com",
    }),
    emailDomains: z
      .array(z.string().regex(/^[a-z0-9-]+(\.[a-z0-9-]+)+$/, "a domain such as example.com"))
      .default([])
      .meta({
        description: "Everyone with an address of one of these domains may log in.",
        example: "example.com",
      }),
    groups: ids(
      "an Access group",
      "Access groups whose people may log in, by id. Whom no role names is then what roles.others says.",
    ),
    loginMethods: ids(
      "a login method",
      "The only login methods (identity providers) to use, by id. All of the account when not set; one alone is gone to at once.",
    ),
    require,
    exclude,
    sessionDuration: duration.default("24h").meta({
      description: "How long a login lasts before Access asks again.",
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
  .refine((value) => value.emails.length + value.emailDomains.length + value.groups.length > 0, {
    path: ["emails", 0],
    message: "at least one person who may log in",
  });
