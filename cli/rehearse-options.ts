import { Command, InvalidArgumentError, Option } from "commander";
import { parseTarget } from "../rehearsal/host/other/target.ts";
import type { ProviderKind } from "../rehearsal/stage.ts";
import type { SignIn } from "../rehearsal/walk/stations/index.ts";

export interface RehearseOptions {
  readonly keep: boolean;
  readonly json: boolean;
  readonly signIn: SignIn;
  readonly providers: ProviderKind;
  readonly pi?: string;
  readonly identity?: string;
  readonly yes: boolean;
  readonly cloudflared?: string;
  readonly artefacts?: string;
}

/** @throws by ending the process with words when the options do not go together */
export function readOptions(): RehearseOptions {
  const command = new Command("npm run rehearse --")
    .description(
      "Builds the whole chain on this machine with the real program, engine, Debian, OpenClaw and Workers runtime and a " +
        "local Cloudflare; uses it with curl and as a browser would; takes it down and looks for what is left.\n" +
        "Needs Linux and root. No account, no key, nothing of this machine's settings is touched.",
    )
    .option("--keep", "leave the chain running, print how to use it, and take it down at Ctrl-C", false)
    .option("--json", "the steps as JSON on standard output, everything else on standard error", false)
    .addOption(
      new Option(
        "--sign-in <how>",
        "what opens the Control UI: OpenClaw's token in the browser, or the login at Access, with an owner, a member and a guest",
      )
        .choices(["token", "access"])
        .default("token"),
    )
    .addOption(
      new Option(
        "--providers <kind>",
        "provider plugins: stand-ins, or the real ones that the engine has or can fetch",
      )
        .choices(["stand-ins", "real"])
        .default("stand-ins"),
    )
    .option(
      "--pi <user@host[:port]>",
      "rehearse on another machine with OpenClaw, such as your Pi, instead of a container; " +
        "shows its host key and what will be done there, and asks first",
      checkedTarget,
    )
    .option(
      "--identity <file>",
      "with --pi: the private key to sign in with; else the keys of the SSH agent are tried",
    )
    .option("--yes", "with --pi: do not ask; the machine has to be in ~/.ssh/known_hosts then", false)
    .option(
      "--cloudflared <file.deb>",
      "try Cloudflare's real package of cloudflared: that the program installs it and that it runs as " +
        "confined as it should. It finds no tunnel here: what needs one is reported as not walked",
    )
    .option(
      "--artefacts <folder>",
      "where to keep a picture of each page that people see, and what the browser said when a step fails; " +
        "a new folder in .rehearsal by default",
    )
    .addHelpText("after", explanation);
  const options = command.parse().opts<RehearseOptions>();
  const clash = clashOf(options);
  if (clash) command.error(`error: ${clash}`);
  return options;
}

function checkedTarget(text: string): string {
  try {
    parseTarget(text);
    return text;
  } catch (error) {
    throw new InvalidArgumentError((error as Error).message);
  }
}

function clashOf(options: RehearseOptions): string | undefined {
  const { pi, identity, yes, cloudflared, keep, signIn } = options;
  if (cloudflared && signIn !== "token")
    return "with --cloudflared nobody signs in: the real one finds no tunnel here";
  if (!pi && (identity || yes)) return `${identity ? "--identity" : "--yes"} is for --pi`;
  if (cloudflared && pi)
    return "--cloudflared is not tried on a machine of yours: it is installed in the container alone";
  if (cloudflared && keep)
    return "with --cloudflared there is no chain to keep: the real one finds no tunnel here";
  return undefined;
}

const explanation = `
Another machine (--pi) needs what the product needs: Debian, OpenClaw, sudo without a password. It is refused when
cloudflared or a stack of this program is on it already. It needs no way to this machine: what it has to reach comes
through the SSH connection that is opened from here. Everything is put back at the end, after Ctrl-C too. After a cut
(lost network, power) the next rehearsal with --pi on it begins by clearing what was left.

Each step ends as ok, failed or not walked; a step that was not walked could not be tried, and nothing is known of it.
Exit code: 0 when every step that was walked was as it should be, else 1.

For example:
  npm run rehearse
  npm run rehearse -- --keep
  npm run rehearse -- --sign-in access
  npm run --silent rehearse -- --json > steps.json
  npm run rehearse -- --pi pi@raspberrypi.local
  npm run rehearse -- --pi pi@192.168.1.20:2222 --identity ~/.ssh/id_ed25519 --yes
  npm run rehearse -- --cloudflared ~/Downloads/cloudflared-linux-amd64.deb`;
