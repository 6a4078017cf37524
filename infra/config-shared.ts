import { z } from "zod";
import { webhookUrlProblem } from "../contract/webhook-url.ts";
import { groups, loginMethods } from "./config-shared-people.ts";

const distinct = (list: readonly { readonly name: string }[]): boolean =>
  new Set(list.map(({ name }) => name)).size === list.length;

const label = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/, "lowercase letters, digits and dashes");

const webhook = z.strictObject({
  name: label.meta({
    description: "What the webhook is called in the dashboard and in the probe's log.",
    example: "phone",
  }),
  url: z
    .string()
    .superRefine((url, context) => {
      const problem = webhookUrlProblem(url);
      if (problem) context.addIssue({ code: "custom", message: problem });
    })
    .meta({
      description:
        "Where alerts are sent: https to a public name, no address and no name of a private network. Secret, since such URLs often hold a key.",
      example: "< url.txt",
      secret: true,
    }),
  secret: z
    .string()
    .regex(/^[\x21-\x7e]{32,128}$/, "32 to 128 letters, digits and signs without spaces")
    .meta({
      description:
        "What the probe signs its messages with, and what Cloudflare sends in cf-webhook-auth. `openssl rand -hex 32` makes one.",
      example: "< secret.txt",
      secret: true,
    }),
});

const whole = (least: number, most: number) => {
  const wanted = `a whole number from ${least} to ${most}`;
  return z.int(wanted).min(least, wanted).max(most, wanted);
};

/** What an account needs once, whatever the number of its gateways. A stack that has it is a shared stack. */
export const shared = z
  .strictObject({
    gateways: z
      .array(label)
      .max(20, "at most 20 stacks: a Worker of the free plan asks 50 things a run")
      .default([])
      .refine((names) => new Set(names).size === names.length, { message: "each stack once" })
      .meta({ description: "Names of the account's gateway stacks that are watched.", example: "home" }),
    alerts: z
      .strictObject({
        emails: z.array(z.email("an email address")).default([]).meta({
          description: "Who gets Cloudflare's alerts by mail. Cloudflare mails only addresses that it knows.",
          example: "you@example.com",
        }),
        webhooks: z
          .array(webhook)
          .max(3, "at most 3 webhooks")
          .default([])
          .refine(distinct, { message: "webhooks with different names" })
          .meta({ description: "Who gets Cloudflare's alerts and the probe's by a POST." }),
        tunnelReadToken: z.string().min(20, "an API token").optional().meta({
          description:
            "An API token with the one permission Cloudflare Tunnel, Read, for the probe: with it, the webhooks are told of a tunnel that has more connectors than one, as it has where its token was stolen. Never the stack's own.",
          example: "< token.txt",
          secret: true,
        }),
      })
      .refine(({ tunnelReadToken, webhooks }) => tunnelReadToken === undefined || webhooks.length > 0, {
        path: ["webhooks", 0],
        message: "a webhook: the probe, which tunnelReadToken is for, is made only where one is",
      })
      .prefault({})
      .meta({ description: "Where alarms ring." }),
    probe: z
      .strictObject({
        everyMinutes: whole(1, 30).default(5).meta({
          description: "How often each OpenClaw is asked through its tunnel whether it is ready.",
          unit: "minutes",
          example: "10",
        }),
        failures: whole(1, 20).default(3).meta({
          description: "After how many failures in a row the webhooks are told.",
          example: "2",
        }),
      })
      .prefault({})
      .meta({
        description: "The Worker that asks each OpenClaw whether it is ready. It is made where webhooks are.",
      }),
    groups,
    loginMethods,
  })
  .superRefine(({ gateways, alerts, ...people }, context) => {
    const wanted = (path: (string | number)[], message: string) =>
      context.addIssue({ code: "custom", path, message });
    const isHeard = alerts.emails.length + alerts.webhooks.length > 0;
    const hasPeople = people.groups.length + people.loginMethods.length > 0;
    if (gateways.length > 0 && !isHeard)
      wanted(["alerts", "emails", 0], "an address or a webhook: alarms that nobody hears are none");
    if (gateways.length === 0 && (isHeard || !hasPeople))
      wanted(["gateways", 0], "the name of at least one stack that the alarms are for");
  })
  .optional()
  .meta({
    description:
      "Makes the stack a shared one of the account, with alerts and a probe, or groups and login methods, instead of a gateway. Beside it only accountId and plan are set; see docs/alerts.md and docs/families.md.",
  });
