import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { newKeyPair } from "../rehearsal/host/keys.ts";
import { connectionTo } from "./pi-connection.ts";

const plain = newKeyPair("ed25519").private;
const locked = newKeyPair("ed25519", "of the test").private;
const pi = { host: "pi.lan", port: 22, user: "pi", hostKey: "key of the Pi", privateKey: plain };
const jump = { host: "gate.lan", port: 2222, user: "me", hostKey: "key of the gate" };

/** As the plugin is given it; the secrets are told apart. */
async function resolved(value: pulumi.Input<string> | undefined) {
  if (!pulumi.Output.isInstance(value)) return { value };
  const output = value as unknown as { promise(): Promise<string>; isSecret: Promise<boolean> };
  return { value: await output.promise(), secret: await output.isSecret };
}

describe("how the plugin reaches the Pi", () => {
  test("gives up within 30 s where nothing answers", () => {
    const { dialErrorLimit, perDialTimeout } = connectionTo(pi);
    expect((Number(dialErrorLimit) + 1) * Number(perDialTimeout)).toBeLessThan(25);
  });

  test("has keys and their passwords as secrets", async () => {
    const { privateKey, privateKeyPassword } = connectionTo({
      ...pi,
      privateKey: locked,
      privateKeyPassword: "of the test",
    });
    expect(await resolved(privateKey)).toEqual({ value: locked, secret: true });
    expect(await resolved(privateKeyPassword)).toEqual({ value: "of the test", secret: true });
  });

  test("has no password for a key that needs none, which crypto/ssh would refuse", () => {
    expect(connectionTo({ ...pi, privateKeyPassword: "unneeded" }).privateKeyPassword).toBeUndefined();
  });

  test("goes through the jump host, whose key is pinned too, with the Pi's key or its own", async () => {
    const { proxy } = connectionTo({ ...pi, jump }) as {
      proxy: { privateKey: pulumi.Input<string>; host: string };
    };
    expect(proxy).toMatchObject({ host: "gate.lan", port: 2222, user: "me", hostKey: "key of the gate" });
    expect(await resolved(proxy.privateKey)).toEqual({ value: plain, secret: true });
    const own = connectionTo({
      ...pi,
      jump: { ...jump, privateKey: locked, privateKeyPassword: "of the test" },
    });
    expect(await resolved((own.proxy as typeof proxy).privateKey)).toEqual({ value: locked, secret: true });
  });
});
