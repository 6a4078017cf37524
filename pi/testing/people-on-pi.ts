import { encodedWanted } from "../../infra/openclaw-wanted.ts";
import { encodedPiProgram, piScript } from "../../infra/pi-script.ts";
import { runOverSsh } from "../../infra/ssh.ts";
import type { Host } from "../../rehearsal/host/host.ts";

/** One of several people whose OpenClaw runs on one Pi, and the stack that leads to it. */
export interface Person {
  readonly stack: string;
  readonly user: string;
  readonly profile: string;
  readonly port: number;
}

export const folderOf = ({ user, profile }: Person): string =>
  `/home/${user}/.openclaw${profile && `-${profile}`}`;

/** The steps of several people's stacks on one host, each over the SSH session of their own user. */
export function peopleOnPi(host: () => Host) {
  const over = async (user: string, command: string, stdin = "") => {
    const { address, port, hostKey, privateKey } = host();
    return await runOverSsh({ host: address, port, hostKey, privateKey, user }, command, stdin, 200_000);
  };
  const sh = async (user: string, command: string, stdin = "") => {
    const { code, stdout, stderr } = await over(user, command, stdin);
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout.trim();
  };
  const step = (person: Person, operation: "create" | "delete", change: Partial<Person> = {}) => {
    const { stack, user, profile, port } = { ...person, ...change };
    const script = piScript("openclaw", { asRoot: false });
    const settings = {
      stack,
      openclaw_port: String(port),
      openclaw_profile: profile,
      program: encodedPiProgram("openclaw"),
      wanted: encodedWanted({ origin: `https://${stack}.example.com`, endpoints: [] }),
    };
    return over(user, script.command(operation), script.stdin(settings));
  };
  return {
    over,
    sh,
    step,
    ready: (person: Person) =>
      sh(
        person.user,
        `timeout 120 sh -c 'until curl -fs -m 5 -o /dev/null http://127.0.0.1:${person.port}/readyz; do sleep 0.2; done'`,
      ),
    config: (person: Person) => sh(person.user, `cat ${folderOf(person)}/openclaw.json`),
  };
}
