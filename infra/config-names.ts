import { z } from "zod";
import type { GatewayConfig } from "./config.ts";
import type { ConfigProblem } from "./config-problems.ts";
import { tunnelSecret } from "./config-rotation.ts";

/** What stands among the hostnames for the address below workers.dev. */
export const WORKERS_DEV = "workers.dev";

/** Of an Access application's five domains (https://developers.cloudflare.com/cloudflare-one/account-limits/) one is the gateway's main one. */
const mostFurtherNames = 4;

const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
const name = `(?=.{4,253}$)(?!.*\\.workers\\.dev$)(${label}\\.)+${label}`;
const wanted = "a name such as ai.example.com, in lower case, in a zone of the account";

export const workerName = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)?$/, "at most 63 lowercase letters, digits and dashes")
  .default("")
  .meta({
    description:
      "Name of the Worker in the account, and what its address below workers.dev begins with. openclaw-STACK when not set.",
    example: "claw",
  });

export const hostname = z
  .string()
  .regex(new RegExp(`^(${name})?$`), wanted)
  .default("")
  .meta({
    description:
      "The gateway's own hostname, in a zone of the account. When not set, openclaw-STACK below the account's workers.dev name, which is off otherwise.",
    example: "ai.example.com",
  });

export const zoneId = z
  .string()
  .regex(/^([0-9a-f]{32})?$/, "32 hexadecimal digits, from the overview of the zone")
  .default("")
  .meta({
    description: "Id of the zone that hostname lies in. Looked up by name when not set.",
    example: "0123456789abcdef0123456789abcdef",
  });

export const alsoHostnames = z
  .array(z.string().regex(new RegExp(`^(workers\\.dev|${name})$`), `${wanted}, or workers.dev`))
  .max(mostFurtherNames, `at most ${mostFurtherNames} further names`)
  .default([])
  .meta({
    description:
      "Further names that the gateway answers at, such as the one before while people change over; workers.dev stands for its address there.",
    example: "workers.dev",
  });

export const tunnel = z
  .strictObject({
    id: z
      .string()
      .regex(
        /^([0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$/,
        "a tunnel's id, as cloudflared tunnel list shows it",
      )
      .default("")
      .meta({
        description:
          "Id of a tunnel that exists and has its connector on the Pi already. It is used as it is, and left as it was by destroy. A tunnel of the stack's own when not set.",
        example: "12345678-1234-1234-1234-123456789abc",
      }),
    secret: tunnelSecret,
  })
  .prefault({})
  .meta({ description: "The tunnel that leads to the Pi." });

/** What is wrong between the keys of the gateway's names. */
export function nameProblems(
  { hostname, zoneId, alsoHostnames, tunnel: { id, secret } }: GatewayConfig,
  namespace: string,
): ConfigProblem[] {
  const main = hostname || WORKERS_DEV;
  const twice = alsoHostnames.flatMap((name, index) =>
    name === main || alsoHostnames.indexOf(name) < index
      ? [
          {
            key: `${namespace}:alsoHostnames[${index}]`,
            got: `"${name}", which is the gateway's already`,
            wanted: "each name once",
            mend: `npx pulumi config rm --path '${namespace}:alsoHostnames[${index}]'`,
          },
        ]
      : [],
  );
  const reused = {
    key: `${namespace}:tunnel.secret`,
    got: "a secret for a tunnel that is reused",
    wanted: "none: the tunnel of tunnel.id stays as it is",
    mend: `npx pulumi config rm --path '${namespace}:tunnel.secret'`,
  };
  const problems = [...(id && secret ? [reused] : []), ...twice];
  if (!zoneId || hostname) return problems;
  const withoutName = {
    key: `${namespace}:zoneId`,
    got: "a zone, and no hostname in it",
    wanted: "a hostname with it",
    mend: `npx pulumi config set ${namespace}:hostname VALUE, or npx pulumi config rm ${namespace}:zoneId`,
  };
  return [withoutName, ...problems];
}
