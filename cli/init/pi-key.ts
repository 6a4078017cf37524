import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { Refusal } from "../../infra/refusal.ts";
import type { Person } from "./person.ts";
import { expanded } from "./places.ts";
import type { Options } from "./setup.ts";

/** What signs in at the Pi: a private key that the stack keeps encrypted, or nothing of the stack's, but the SSH agent. */
export type PiKey = string | undefined;

/** What flags and the stack say; "unknown" when only a person can. */
export async function piKeyAtHand({ identity, agent }: Options, stored: PiKey): Promise<PiKey | "unknown"> {
  if (identity !== undefined) return readIdentity(identity);
  if (agent) return undefined;
  if (stored !== undefined) return stored;
  return "unknown";
}

export async function askPiKey(person: Person, stored: PiKey): Promise<PiKey> {
  const agentRuns = Boolean(process.env.SSH_AUTH_SOCK);
  const way = await person.choose({
    message: "With which key does Pulumi sign in at the Pi?",
    choices: [
      ...(stored === undefined ? [] : [{ value: "stored", name: "The one that the stack has" }]),
      {
        value: "agent",
        name: `Those of my SSH agent${agentRuns ? "" : " (none runs in this shell)"}`,
        description: "Nothing is stored; the agent has to run wherever Pulumi runs.",
      },
      {
        value: "file",
        name: "A key file, kept in the stack, encrypted",
        description:
          "Best a key made for this alone: ssh-keygen -t ed25519 -N '' -f FILE; ssh-copy-id -i FILE.pub",
      },
    ],
    initial: stored === undefined ? (agentRuns ? "agent" : "file") : "stored",
  });
  if (way === "agent") return undefined;
  if (way === "stored") return stored;
  return readIdentity(
    await person.text({ message: "File of the private key", initial: join(homedir(), ".ssh/id_ed25519") }),
  );
}

/** The look at the Pi judges what is in it; here only a file that is not there or no text of a key is refused. */
async function readIdentity(file: string): Promise<string> {
  const text = await readFile(expanded(file), "utf8").catch((error: Error) => {
    throw new Refusal("PI_KEY_FILE", `the key file ${file} cannot be read: ${error.message}`);
  });
  if (/^(ssh-|ecdsa-)\S+ AAAA/.test(text))
    throw new Refusal(
      "PI_KEY_FILE",
      `${file} is a public key; signing in takes the private one`,
      `it is usually beside it: ${file.replace(/\.pub$/, "")}`,
    );
  return text.endsWith("\n") ? text : `${text}\n`;
}
