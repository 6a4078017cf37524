import { configSchema } from "../../infra/config.ts";
import { accepted, refuseWrong, type Setup, wrongBy } from "./setup.ts";
import type { Stored } from "./stored.ts";

const { emails, emailDomains, sessionDuration } = configSchema.shape.access.shape;

/** Asks who may log in; what else the stack says about logins stays. */
export async function choosePeople({ options, person }: Setup, { values }: Stored) {
  const before = (values.access ?? {}) as {
    emails?: string[];
    emailDomains?: string[];
    sessionDuration?: string;
  };
  const domains = options.emailDomain ?? before.emailDomains ?? [];
  person?.heading("People");
  person?.tell(
    "Who may log in? Access sends each of them a one-time code by email, or uses the login methods of your account.\n" +
      "Whoever gets in has your assistant: name only people you would let sit at it.",
  );
  const people = await accepted(
    person,
    options.email ?? (person ? undefined : (before.emails ?? [])),
    async (asked) =>
      listed(
        await asked.text({
          message: "Email addresses, with commas between them",
          initial: before.emails?.join(", "),
          wrong: (answer) =>
            listed(answer).length + domains.length === 0
              ? "at least one person who may log in"
              : wrongBy(emails, listed(answer)),
        }),
      ),
    (given) => refuseWrong(emails, given, "--email"),
  );
  return {
    ...before,
    emails: people,
    ...(domains.length > 0 && { emailDomains: refuseWrong(emailDomains, domains, "--email-domain") }),
    ...(options.sessionDuration && {
      sessionDuration: refuseWrong(sessionDuration, options.sessionDuration, "--session-duration"),
    }),
  };
}

/** "a, b c" as a list. */
const listed = (text: string): string[] => text.split(/[\s,;]+/).filter(Boolean);
