import { z } from "zod";

const daysRange = "whole days, from 1 to 3650";
const wholeDays = z.int(daysRange).min(1, daysRange).max(3650, daysRange);

const days = (what: string, most: number) =>
  wholeDays.default(most).meta({
    description: `How old ${what} may become until npm run rotate -- --due names it.`,
    unit: "days",
    example: "90",
  });

const overlapRange = "whole hours, from 1 to 720";

/** How often the stack's secrets are to be replaced. The program builds nothing of it: npm run rotate reads it. */
export const rotation = z
  .strictObject({
    overlapHours: z.int(overlapRange).min(1, overlapRange).max(720, overlapRange).default(24).meta({
      description:
        "How long the old secret of a service token, and the old API key, are good beside the new ones, while programs change over.",
      unit: "hours",
      example: "48",
    }),
    maxAgeDays: z
      .strictObject({
        serviceTokens: days("the secret of a service token", 180),
        apiKey: days("the API key", 180),
        tunnelToken: days("the tunnel's token", 365),
        gatewayToken: days("OpenClaw's own token", 365),
        modelKeys: days("the key of a model provider", 180),
      })
      .prefault({})
      .meta({ description: "From which age on a secret is due." }),
    expiresWithinDays: wholeDays.default(30).meta({
      description: "A service token is due as well when it expires within so many days.",
      unit: "days",
      example: "14",
    }),
  })
  .prefault({})
  .meta({ description: "When npm run rotate replaces which secret." });

/** Which secret of a service token is asked for: a higher number makes Cloudflare give out a new one. */
export const secretVersion = z.int("a whole number from 1").min(1, "a whole number from 1").default(1).meta({
  description: "Raised by npm run rotate: a higher number makes a new secret for the same token.",
  example: "2",
});

export const previousSecretExpiresAt = z.iso
  .datetime({ offset: true, error: "a time such as 2030-01-31T12:00:00Z" })
  .optional()
  .meta({
    description: "Until when the secret before the last one is good as well; set by npm run rotate.",
    example: "--plaintext 2030-01-31T12:00:00Z",
  });

const secretWanted = "32 bytes or more in base64, such as openssl rand -base64 32 prints";

export const tunnelSecret = z
  .base64(secretWanted)
  .refine((text) => Buffer.from(text, "base64").length >= 32, { message: secretWanted })
  .optional()
  .meta({
    description:
      "What the token of the stack's own tunnel is made of; set by npm run rotate. Cloudflare makes one when not set.",
    secret: true,
    example: "< secret.txt",
  });
