import { expect, test } from "vitest";
import { placeOnPi } from "./add.ts";
import type { PiInFile } from "./stack-file.ts";
import { stackFiles } from "./testing/stack-files.ts";

const jump = { host: "gate.example.com", user: "me", hostKey: "ssh-ed25519 AAAA-jump" };
const ofThePi = { host: "raspberrypi.local", hostKey: "ssh-ed25519 AAAA-pi", jump };
const ofTheKey = { privateKey: "a key", privateKeyPassword: "its password" };
const ofTheUser = { user: "pi", sudoPassword: "sudo's" };
/** Ada's, after which each new stack takes. */
const pi = { ...ofThePi, ...ofTheKey, ...ofTheUser, profile: "ada", openclawPort: 18789, abandoned: true };

/** Stacks with no more than where their Pi is. */
const family = (pis: Readonly<Record<string, PiInFile>>) =>
  stackFiles(
    Object.fromEntries(Object.entries(pis).map(([name, pi]) => [name, { "openclaw-gateway:pi": pi }])),
  );

test("gives a profile and a port of its own to whoever comes to the same Pi as the same user", async () => {
  expect(await placeOnPi("mia", pi, {}, await family({ ada: pi }))).toEqual({
    options: { openclawPort: "18909" },
    pi: { ...ofThePi, ...ofTheKey, ...ofTheUser, profile: "mia" },
  });
  // Named in so many words it is the same one.
  const named = await placeOnPi("mia", pi, { pi: "pi@RaspberryPi.local" }, await family({ ada: pi }));
  expect(named.pi).toMatchObject({ ...ofTheUser, profile: "mia" });
});

test("takes the port that is asked for", async () => {
  const { options, pi: there } = await placeOnPi(
    "mia",
    pi,
    { openclawPort: "20000" },
    await family({ ada: pi }),
  );
  expect([options, there]).toEqual([{ openclawPort: "20000" }, { ...ofThePi, ...ofTheKey, ...ofTheUser }]);
});

test("leaves sudo's password and the profile behind for another user, and the key's for another key", async () => {
  const all = await family({ ada: pi });
  expect(await placeOnPi("mia", pi, { pi: "mia@raspberrypi.local" }, all)).toEqual({
    options: { openclawPort: "18909" },
    pi: { ...ofThePi, ...ofTheKey },
  });
  for (const other of [{ identity: "id_mia" }, { agent: true }])
    expect((await placeOnPi("mia", pi, other, all)).pi).toEqual({ ...ofThePi, ...ofTheUser, profile: "mia" });
});

test("takes to another Pi nothing but the key, and OpenClaw where it usually is", async () => {
  const all = await family({ ada: pi });
  for (const elsewhere of ["pi@attic.local", "pi@raspberrypi.local:2222"])
    expect(await placeOnPi("mia", pi, { pi: elsewhere }, all)).toEqual({ options: {}, pi: ofTheKey });
});

test("counts the ports of the stacks on that very Pi, not of one behind another SSH port or jump host", async () => {
  const { host } = ofThePi;
  const all = await family({
    ada: pi,
    bob: { host, jump, openclawPort: 18909 },
    cleo: { host, jump, port: 2222, openclawPort: 19029 },
    dan: { host, openclawPort: 19029 },
    eve: { host, jump: { ...jump, port: 2222 }, openclawPort: 19029 },
  });
  expect((await placeOnPi("mia", pi, {}, all)).options).toEqual({ openclawPort: "19029" });
});
