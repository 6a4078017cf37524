import { configSchema, type PiConfig } from "../../infra/config.ts";
import { fingerprint, shortType } from "../../infra/host-key.ts";
import { lookAtPi } from "../../infra/pi-look.ts";
import { Refusal } from "../../infra/refusal.ts";
import { readHostKey } from "./host-key.ts";
import type { Person } from "./person.ts";
import { type PiAddress, parsePiAddress, piAddressText } from "./pi-address.ts";
import { askPiKey, type PiKey, piKeyAtHand } from "./pi-key.ts";
import { isRefusal, refuseWrong, type Setup } from "./setup.ts";
import type { Stored } from "./stored.ts";

/** The Pi of the stack: what its config says, and whether it was found ready. */
export interface PiChoice {
  readonly config: PiConfig;
  /** What was seen there; nothing when a person wants to mend it later. */
  readonly seen?: string;
}

/**
 * Finds the Pi: reaches it, pins its host key, signs in and looks at it as `pulumi up` will. A person can mend what is
 * wrong there and look again, or answer otherwise.
 */
export async function choosePi(setup: Setup, stored: Stored): Promise<PiChoice> {
  const { options, person } = setup;
  const before = stored.values.pi as Partial<PiConfig> | undefined;
  const openclawPort = options.openclawPort
    ? refuseWrong(configSchema.shape.pi.shape.openclawPort, Number(options.openclawPort), "--openclaw-port")
    : (before?.openclawPort ?? 18789);
  person?.heading("The Pi");
  let address: PiAddress | undefined;
  let hostKey: string | undefined;
  let key: PiKey | "unknown" = "unknown";
  let given = options.pi ?? (person ? undefined : addressOf(before));
  let keyAtHand = () => piKeyAtHand(options, person ? undefined : before?.privateKey);
  for (;;) {
    try {
      address ??= parsePiAddress(given ?? (await askAddress(person as Person, before)));
      const pi = { ...address, openclawPort, hostKey: "" };
      hostKey ??= await pinHostKey(setup, pi, before);
      if (key === "unknown") key = await keyAtHand();
      if (key === "unknown") key = person ? await askPiKey(person, before?.privateKey) : undefined;
      const config: PiConfig = { ...pi, hostKey, privateKey: key, ...keptOf(before) };
      return { config, seen: await look(setup, config) };
    } catch (error) {
      if (!person || !isRefusal(error)) throw error;
      person.warn((error as Error).message);
      given = undefined;
      keyAtHand = async () => "unknown";
      if (address && hostKey && key !== "unknown") {
        const next = await nextTry(person);
        if (next === "later")
          return { config: { ...address, openclawPort, hostKey, privateKey: key, ...keptOf(before) } };
        if (next === "key") key = "unknown";
        if (next === "address") address = hostKey = undefined;
      } else if (!hostKey) {
        address = undefined;
      }
    }
  }
}

const nextTry = (person: Person) =>
  person.choose({
    message: "What now?",
    choices: [
      { value: "again", name: "Look again: I have mended it" },
      { value: "key", name: "Another SSH key" },
      { value: "address", name: "Another address or user" },
      { value: "later", name: "Go on: I mend it before pulumi up, which looks again" },
    ],
  });

/** What the stack has besides, and nobody is asked for here: it stays. */
const KEPT = ["privateKeyPassword", "sudoPassword", "jump", "abandoned", "profile"] as const;
const keptOf = (before: Partial<PiConfig> | undefined): Partial<Pick<PiConfig, (typeof KEPT)[number]>> =>
  Object.fromEntries(KEPT.flatMap((name) => (before?.[name] === undefined ? [] : [[name, before[name]]])));

const addressOf = (pi: Partial<PiConfig> | undefined): string | undefined =>
  pi?.host && piAddressText({ user: pi.user ?? "pi", host: pi.host, port: pi.port ?? 22 });

const askAddress = (person: Person, before: Partial<PiConfig> | undefined): Promise<string> =>
  person.text({
    message: "Address of the Pi, as ssh takes it: USER@HOST or USER@HOST:PORT",
    initial: addressOf(before) ?? "pi@raspberrypi.local",
  });

/** The host key, compared with what is known of it: the pinned one, a flag's fingerprint, or a person's eyes. */
async function pinHostKey(
  { options, person, progress }: Setup,
  pi: PiConfig,
  before: Partial<PiConfig> | undefined,
): Promise<string> {
  const shown = await progress.step(`reaching ${pi.host} port ${pi.port}`, () => readHostKey(pi));
  const print = fingerprint(shown);
  const compare = `compare on the Pi itself: ssh-keygen -lf /etc/ssh/ssh_host_${shortType(shown)}_key.pub`;
  if (options.hostKeyFingerprint !== undefined) {
    if (options.hostKeyFingerprint === print) return shown;
    throw new Refusal(
      "PI_FINGERPRINT",
      `${pi.host} shows another host key than --host-key-fingerprint says:\n    given  ${options.hostKeyFingerprint}\n    shown  ${print} (${shortType(shown)})`,
      compare,
    );
  }
  if (before?.hostKey === shown) return shown;
  if (!person) {
    const pinned = before?.hostKey ? `\n    pinned ${fingerprint(before.hostKey)}` : "";
    throw new Refusal(
      "PI_FINGERPRINT",
      `${pi.host} shows a host key that nobody has compared yet:${pinned}\n    shown  ${print} (${shortType(shown)})`,
      `${compare}\n  and when it is the same: --host-key-fingerprint ${print}`,
    );
  }
  if (before?.hostKey)
    person.warn(
      `The stack has another host key pinned: ${fingerprint(before.hostKey)}. A new SD card has a new one.`,
    );
  person.tell(
    `${pi.host} shows this host key (${shortType(shown)}):\n\n  ${print}\n\nOn the Pi itself, or where you already trust the way to it, this prints the true one:\n  ssh-keygen -lf /etc/ssh/ssh_host_${shortType(shown)}_key.pub\n`,
  );
  if (await person.agree("Is it the same?", false)) return shown;
  throw new Refusal(
    "PI_FINGERPRINT",
    `the host key of ${pi.host} was not confirmed: nothing was sent there`,
    "another machine may answer at this address: look for the Pi's own with hostname -I, on the Pi",
  );
}

/** @returns what was seen, in a sentence */
function look({ progress }: Setup, config: PiConfig): Promise<string> {
  return progress.step(`looking at ${config.host}: sudo, room, clock, OpenClaw`, async () => {
    const facts = await lookAtPi(config);
    return `OpenClaw ${facts.openclaw_version} on ${facts.architecture}, ${facts.free_megabytes} MB free`;
  });
}
