import type { ApiToken } from "./api-token.ts";
import type { Setup } from "./setup.ts";

/** Where the API token is from now on: in the stack's file, encrypted, or in the environment of each `pulumi` call. */
export type TokenPlace = "stack" | "environment";

export async function chooseTokenPlace(
  { options, person }: Setup,
  { source }: ApiToken,
): Promise<TokenPlace> {
  if (options.apiTokenIn) return options.apiTokenIn;
  const usual: TokenPlace = source === "environment" ? "environment" : "stack";
  if (!person) return usual;
  return person.choose<TokenPlace>({
    message: "Where shall the API token be kept?",
    choices: [
      {
        value: "stack",
        name: "In the stack, encrypted",
        description: "Whoever has the stack's file and its passphrase has the token.",
      },
      {
        value: "environment",
        name: "Not here: I set CLOUDFLARE_API_TOKEN whenever I run Pulumi",
      },
    ],
    initial: usual,
  });
}
