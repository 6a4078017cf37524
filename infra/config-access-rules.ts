import { z } from "zod";

const exampleId = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415";
const id = (what: string) => z.guid(`the id of ${what}, such as ${exampleId}`);

/** Whether a text is an id, and no name. */
export const isId = (text: string): boolean => z.guid().safeParse(text).success;

/** Things of one kind that the account has, each by its name or its id. */
export const named = (what: string, description: string, example: string) =>
  z
    .array(z.string().regex(/^[^\p{C}]{1,200}$/u, `the name or the id of ${what}`))
    .default([])
    .meta({ description, example });

/** Ids of one kind of thing that the account has already. */
const ids = (what: string, description: string) =>
  z.array(id(what)).default([]).meta({ description, example: exampleId });

const country = z.string().regex(/^[A-Z]{2}$/, "a country's two letters, such as DE");

export const require = z
  .strictObject({
    // Access wants all that is required at once: of two countries, nobody is ever in both.
    country: country.optional().meta({
      description: "The one country that people must be in. For several, make an Access group of them.",
      example: "DE",
    }),
    groups: named(
      "an Access group",
      "Access groups, by name or id, all of which people must be in.",
      "family",
    ),
    devicePostures: ids("a device posture check", "Device posture checks, by id, all of which must pass."),
    mfa: z.boolean("true or false").default(false).meta({
      description:
        "Whether the login method must have told Access of a second factor. Okta, Entra ID, generic OIDC and generic SAML can; a one-time PIN by email never does, and lets nobody in then. For that one see access.mfa.",
      example: "true",
    }),
  })
  .prefault({})
  .meta({ description: "What must hold besides, for everyone who is let in." });

export const exclude = z
  .strictObject({
    countries: z.array(country).default([]).meta({
      description: "Countries that nobody comes in from.",
      example: "KP",
    }),
    groups: named("an Access group", "Access groups, by name or id, whose people stay out.", "visitors"),
    devicePostures: ids(
      "a device posture check",
      "Device posture checks, by id, whose devices stay out: what a check finds is not always good.",
    ),
  })
  .prefault({})
  .meta({ description: "Who stays out, though something else lets them in." });

/** Names as the API has them; the rest of its list is for SSH (independent MFA, Cloudflare's page on enforcing MFA). */
const AUTHENTICATORS = ["totp", "biometrics", "security_key"] as const;

const mostMinutes = 720 * 60;
const factorDuration = z
  .string()
  .regex(/^(0|[1-9][0-9]{0,4})[mh]$/, "minutes or hours, such as 24h; 0m for each login")
  .refine((text) => Number.parseInt(text, 10) * (text.endsWith("h") ? 60 : 1) <= mostMinutes, {
    message: "at most 720h",
  });

export const mfa = z
  .strictObject({
    authenticators: z
      .array(z.enum(AUTHENTICATORS, { error: `one of ${AUTHENTICATORS.join(", ")}` }))
      .default([])
      .meta({
        description:
          "What Access itself asks people for as a second factor, after any login method: totp (an authenticator app), biometrics or security_key, one of those named. Nothing when not set. The account's Access settings have to allow it.",
        example: "totp",
      }),
    sessionDuration: factorDuration.default("24h").meta({
      description:
        "How long a second factor is good for before a login asks for it again; 0m: at each login.",
      unit: "minutes or hours",
      example: "8h",
    }),
  })
  .prefault({})
  .meta({ description: "The second factor that Access asks for itself (Cloudflare's independent MFA)." });
