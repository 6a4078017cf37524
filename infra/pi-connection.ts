import type { types } from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import { doorOf, type SshDoor, type WayToPi } from "./ssh-door.ts";
import { isProtected } from "./ssh-key.ts";

/** A recorded `connection`, in clear: as much of it as the program reads again. */
export interface PiConnection extends Omit<WayToPi, "jump"> {
  readonly proxy?: Omit<PiConnection, "proxy"> | undefined;
}

/**
 * How pulumi-command reaches the Pi. The look before has found it; by its own measure of 10 dials of 15 s each the plugin
 * would hang for minutes on a Pi that is gone, as in a destroy. With a limit of 3 it dials 4 times.
 */
export function connectionTo(pi: WayToPi): types.input.remote.ConnectionArgs {
  const { behind, ...door } = doorOf(pi);
  if (!behind) return { ...signIn(door), dialErrorLimit: 3, perDialTimeout: 6 };
  // Behind a jump host a dial lasts until the jump host gives it up, and a handshake that failed is tried again on the
  // connection that it closed, which hides why (Dial in the plugin's remote/connection.go): so neither is tried twice.
  return {
    ...signIn(door),
    dialErrorLimit: 0,
    perDialTimeout: 6,
    proxy: { ...signIn(behind), dialErrorLimit: 3, perDialTimeout: 6 },
  };
}

function signIn({ host, port, user, hostKey, privateKey, privateKeyPassword }: SshDoor) {
  // crypto/ssh refuses a password for a key that has none.
  const password = privateKey !== undefined && isProtected(privateKey) ? privateKeyPassword : undefined;
  return {
    host,
    port,
    user,
    hostKey,
    // Without a key the provider asks the SSH agent at SSH_AUTH_SOCK; the socket's path would change the state.
    privateKey: privateKey === undefined ? undefined : pulumi.secret(privateKey),
    privateKeyPassword: password === undefined ? undefined : pulumi.secret(password),
  };
}
