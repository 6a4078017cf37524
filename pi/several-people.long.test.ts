import type { Stack } from "@pulumi/pulumi/automation/index.js";
import { beforeAll, describe, expect, test } from "vitest";
import { sharedStage } from "../rehearsal/testing/shared-stage.ts";
import { differences, type Inventory, inventoryOf } from "../rehearsal/walk/traces.ts";
import { stackConfig } from "../rehearsal/walk/walk.ts";
import { folderOf, type Person, peopleOnPi } from "./testing/people-on-pi.ts";

/** Two profiles of one user, and a user of their own: `SEED=… SEQUENCES=1` runs one of the sequences again. */
const people: readonly Person[] = [
  { stack: "mine", user: "pi", profile: "", port: 18789 },
  { stack: "annas", user: "pi", profile: "anna", port: 19789 },
  { stack: "bens", user: "ben", profile: "", port: 20789 },
];
const seed = Number(process.env.SEED ?? Date.now() % 1_000_000);
const sequences = Number(process.env.SEQUENCES ?? 20);
const stepsInEach = 6;
const key = "openclaw-gateway:pi";

/** Mulberry32: small, and the same for the same seed. */
function randomFrom(start: number): () => number {
  let state = start;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

describe("several people's stacks on one Pi", { timeout: 3_600_000 }, () => {
  const stage = sharedStage();
  const { sh, ready } = peopleOnPi(() => stage().host);
  let before: Inventory;
  const asRoot = async (command: string) => {
    const { code, stdout, stderr } = await stage().host.exec(command, { asRoot: true, timeoutMs: 180_000 });
    if (code !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };
  /** What is one stack's own on the Pi, by content: its person's config and record, its unit, its token, its process. */
  const ownOf = (person: Person) => {
    const { stack } = person;
    return asRoot(
      `cd ${folderOf(person)} && sha256sum openclaw.json $(ls openclaw-gateway.*.json 2>/dev/null); ls -A | grep ^openclaw | grep -v last-good;
      for f in /etc/systemd/system/cloudflared-${stack}.service $(find /etc/openclaw-gateway/${stack} /var/lib/openclaw-gateway/${stack} -type f 2>/dev/null | sort); do [ ! -e $f ] || sha256sum $f; done;
      systemctl show cloudflared-${stack} -p ActiveState -p MainPID -p UnitFileState`,
    );
  };
  /** The Pi with the configs of all three, but for OpenClaw's own older copies of them, of which each change makes one. */
  const whole = async (): Promise<Inventory> => {
    const [first, ...others] = await Promise.all(
      people.map((person) => inventoryOf({ ...stage().host, openclawFolder: folderOf(person) })),
    );
    const lines = [...(first ?? []), ...others.flatMap((lines) => [...lines])];
    return new Set(lines.filter((line) => !/^config openclaw\.json\.bak\.\d+$/.test(line)));
  };
  const others = (person: Person) => people.filter((other) => other !== person);
  const snapshots = async (of: readonly Person[]) => {
    const all: string[] = [];
    for (const person of of) all.push(`${person.stack}\n${await ownOf(person)}`);
    return all;
  };

  beforeAll(async () => {
    await asRoot(
      "useradd -m -s /bin/bash ben && install -d -m 700 -o ben -g ben /home/ben/.ssh && install -m 600 -o ben -g ben /home/pi/.ssh/authorized_keys /home/ben/.ssh/ && echo 'ben ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/010_ben-nopasswd && chmod 440 /etc/sudoers.d/010_ben-nopasswd && install -d /var/lib/systemd/linger && touch /var/lib/systemd/linger/ben && systemctl start user@$(id -u ben) && timeout 30 sh -c 'until [ -S /run/user/$(id -u ben)/bus ]; do sleep 0.1; done'",
    );
    // As docs/families.md says it.
    for (const { user, profile, port } of people.slice(1)) {
      const openclaw = profile ? `openclaw --profile ${profile}` : "openclaw";
      await sh(
        user,
        `${openclaw} onboard --non-interactive --accept-risk --mode local --auth-choice skip --gateway-bind loopback --gateway-port ${port} --install-daemon --skip-channels --skip-skills --skip-search --skip-health --skip-ui`,
      );
    }
    for (const person of people) await ready(person);
    before = await whole();
  }, 400_000);

  test(`${sequences} random sequences of up and destroy from SEED=${seed} change nobody else's, and leave the Pi as it was`, async () => {
    const { workspace } = stage();
    const stacks = new Map<Person, Stack>();
    for (const person of people) {
      const { stack, user, profile, port } = person;
      const config = {
        ...stackConfig(stage()),
        [`${key}.user`]: { value: user },
        [`${key}.openclawPort`]: { value: String(port) },
        ...(profile && { [`${key}.profile`]: { value: profile } }),
        // What all of them have together on the Pi.
        "openclaw-gateway:firewall.enabled": { value: "true" },
        "openclaw-gateway:auditLog.enabled": { value: "true" },
        "openclaw-gateway:auditLog.keepOnDestroy": { value: "false" },
      };
      stacks.set(person, await workspace.stack(stack, config));
    }
    const built = new Set<Person>();
    for (let sequence = 0; sequence < sequences; sequence++) {
      const random = randomFrom(seed + sequence);
      const said: string[] = [`SEED=${seed + sequence}`];
      const change = async (person: Person) => {
        const operation = built.delete(person) ? "destroy" : "up";
        if (operation === "up") built.add(person);
        said.push(`${operation} ${person.stack}`);
        const rest = others(person);
        const there = await snapshots(rest);
        await stacks.get(person)?.[operation]();
        expect(await snapshots(rest), said.join(", ")).toEqual(there);
      };
      for (let count = 0; count < stepsInEach; count++)
        await change(people[Math.floor(random() * people.length)] as Person);
      for (const person of [...built]) await change(person);
      expect(differences(before, await whole()), said.join(", ")).toEqual([]);
      process.stderr.write(`${sequence + 1} of ${sequences}: ${said.join(", ")}\n`);
    }
  });
});
