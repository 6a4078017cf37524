import { configSchema } from "../../infra/config.ts";
import { accepted, refuseWrong, type Setup, wrongBy } from "./setup.ts";
import type { Stored } from "./stored.ts";

const schema = configSchema.shape.serviceTokens;
const year = "8760h";

interface ServiceToken {
  readonly name: string;
  readonly duration: string;
}

/** Asks which programs get a service token, and for how long the new ones are good. */
export async function chooseServiceTokens(
  { options, person }: Setup,
  { values }: Stored,
): Promise<ServiceToken[]> {
  const before = (values.serviceTokens ?? [{ name: "cli", duration: year }]) as ServiceToken[];
  const known = (name: string) => before.find((token) => token.name === name);
  person?.heading("Programs");
  person?.tell(
    "curl, an SDK or a phone's app signs in with a service token. Each program gets one of its own, so that one can be\n" +
      "taken away alone. The secrets are outputs of the stack.",
  );
  return accepted(
    person,
    options.serviceToken?.map(parse) ?? (person ? undefined : before),
    async (asked) => {
      const names = words(
        await asked.text({
          message: "Names of the service tokens, with commas between them (none for no token)",
          initial: before.map(({ name }) => name).join(", ") || "none",
          wrong: (answer) =>
            wrongBy(
              schema,
              words(answer).map((name) => ({ name, duration: year })),
            ),
        }),
      );
      const fresh = names.filter((name) => !values.serviceTokens || !known(name));
      const duration = fresh.length === 0 ? year : await askDuration(asked, fresh);
      return names.map((name) => (fresh.includes(name) ? { name, duration } : (known(name) as ServiceToken)));
    },
    (given) => refuseWrong(schema, given, "--service-token") as ServiceToken[],
  );
}

const askDuration = (person: NonNullable<Setup["person"]>, names: readonly string[]): Promise<string> =>
  person.choose({
    message: `How long is ${names.join(", ")} good for?`,
    choices: [
      { value: year, name: "a year" },
      { value: "2160h", name: "90 days" },
      { value: "720h", name: "30 days" },
    ],
  });

/** `NAME` or `NAME=HOURSh`. */
function parse(text: string): ServiceToken {
  const [name = "", duration = year] = text.split("=");
  return { name, duration };
}

const words = (text: string): string[] => (text === "none" ? [] : text.split(/[\s,;]+/).filter(Boolean));
