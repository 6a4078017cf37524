import { type Command, Option } from "commander";

const several = (value: string, before: readonly string[] = []): string[] => [...before, value];

/** Adds the flags that answer the set-up's questions; secrets come from files, standard input or the environment. */
export function withAnswers(command: Command): Command {
  return command
    .option(
      "--backend <url>",
      "where the state is: file://~, file:///FOLDER, https://api.pulumi.com, s3://BUCKET, … (else where Pulumi is logged in, else file://~)",
    )
    .option(
      "--passphrase-file <file>",
      "the passphrase of the stack's secrets, outside the project; for a new stack it is made (~/.config/openclaw-gateway/STACK.passphrase)",
    )
    .option(
      "--api-token-file <file>",
      "Cloudflare's API token; - is standard input; else CLOUDFLARE_API_TOKEN",
    )
    .addOption(
      new Option(
        "--api-token-in <place>",
        "keep the token in the stack, encrypted, or leave it to CLOUDFLARE_API_TOKEN",
      ).choices(["stack", "environment"]),
    )
    .option(
      "--account-id <id>",
      "the Cloudflare account; needed where the token opens several or is an account's own",
    )
    .option(
      "--hostname <name>",
      "the gateway's own hostname, in a zone of the account; workers.dev for its address there, which it has anyway",
    )
    .option("--email <address>", "someone who may log in; several times for several people", several)
    .option("--email-domain <domain>", "everyone with an address there may log in", several)
    .option("--session-duration <duration>", "how long a login lasts, such as 24h")
    .option("--service-token <name[=hours]>", "a service token for a program, such as phone=720h", several)
    .option("--pi <address>", "the Pi: [USER@]HOST[:PORT]")
    .option(
      "--host-key-fingerprint <SHA256:…>",
      "the Pi's, by ssh-keygen -lf /etc/ssh/ssh_host_ecdsa_key.pub there",
    )
    .option("--identity <file>", "private key for the Pi, kept in the stack, encrypted")
    .option("--agent", "sign in at the Pi with the SSH agent, and keep no key")
    .option("--openclaw-port <port>", "OpenClaw's port on the Pi (18789)");
}
