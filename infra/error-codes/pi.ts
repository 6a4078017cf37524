import type { ErrorEntry } from "./entry.ts";

/** What stands between this machine and a Pi that is ready. */
export const piCodes = {
  PI_UNREACHABLE: {
    meaning: "Nothing answered at the address and SSH port of the Pi, or of the jump host before it.",
    mend: "See that it is on and on this network: `ssh USER@HOST`.",
  },
  PI_NAME_UNKNOWN: {
    meaning: "The name of the Pi leads to no address.",
    mend: "Set the Pi's address as pi.host: the router lists it, and `hostname -I` on the Pi says it.",
  },
  PI_NO_SSH: {
    meaning: "The Pi answers, but not as an SSH server at the port of the config.",
    mend: "Start SSH on the Pi (`sudo systemctl enable --now ssh`), or set pi.port.",
  },
  PI_JUMP_FORWARDING: {
    meaning: "The jump host lets its user in, but does not open a way on to the Pi.",
    mend: "Allow it in the jump host's sshd_config: AllowTcpForwarding, PermitOpen.",
  },
  PI_HOST_KEY_CHANGED: {
    meaning: "The Pi, or the jump host before it, shows another SSH host key than the one that is pinned.",
    mend: "Compare both fingerprints with the machine's own, then pin the new one; or find out what else answers there.",
  },
  PI_HOST_KEY_TYPE: {
    meaning: "The Pi shows its host key of another type than the one that is pinned.",
    mend: "Pin its ECDSA key: `ssh-keyscan -t ecdsa HOST`.",
  },
  PI_NO_KEY: {
    meaning: "There is neither an SSH agent nor a private key in the config to sign in at the Pi with.",
    mend: "Start an agent, or set pi.privateKey.",
  },
  PI_KEY_PASSWORD: {
    meaning:
      "The private key for the Pi or its jump host is protected by a password that is not set, or is another.",
    mend: "Set it: `npx pulumi config set --path --secret pi.privateKeyPassword`; or give the key to the SSH agent (`ssh-add FILE`) and remove pi.privateKey.",
  },
  PI_KEY_FORMAT: {
    meaning: "pi.privateKey is not a private key that SSH reads, or it is the public one.",
    mend: "Set the whole file of the private key, with its BEGIN and END lines.",
  },
  PI_LOGIN_REFUSED: {
    meaning: "The Pi, or the jump host before it, does not let this user in with the keys it was shown.",
    mend: "Put the public key there: `ssh-copy-id USER@HOST`.",
  },
  PI_CONNECTION_LOST: {
    meaning: "The SSH connection to the Pi broke.",
    mend: "Run `npx pulumi up` again.",
  },
  PI_TOO_SLOW: {
    meaning: "The Pi let us in but did not answer in time.",
    mend: "Look at its load, then run `npx pulumi up` again.",
  },
  PI_LOOK_FAILED: {
    meaning: "The look at the Pi before an up could not be finished.",
    mend: "Try to sign in by hand: `ssh USER@HOST`.",
  },
  PI_NOT_READY: {
    meaning: "Several things on the Pi are not as they must be; all of them are listed.",
    mend: "Do what stands below each.",
  },
  PI_NO_SYSTEMD: {
    meaning: "The host does not run systemd, which keeps the connector running.",
    mend: "Use Raspberry Pi OS or Debian with its usual init.",
  },
  PI_ARCHITECTURE: {
    meaning: "Cloudflare has no cloudflared package for the host's architecture.",
    mend: "Use a machine with amd64, arm64 or armhf (ARMv7 or later).",
  },
  PI_NO_SUDO: {
    meaning: "The user may not use sudo.",
    mend: "Allow it, as an administrator on the Pi, with the line that is shown.",
  },
  PI_SUDO_PASSWORD: {
    meaning: "sudo asks the user for a password that is not set, or does not take the one that is.",
    mend: "Set it: `npx pulumi config set --path --secret pi.sudoPassword`; or allow sudo without one, with the line that is shown.",
  },
  PI_NO_CURL: { meaning: "The Pi has no curl.", mend: "On the Pi: `sudo apt-get install curl`." },
  PI_NO_SPACE: {
    meaning: "The Pi's disk has no room for cloudflared.",
    mend: "Make room, for example with `sudo apt-get clean`.",
  },
  PI_READ_ONLY: {
    meaning: "A file system of the Pi is mounted read-only, as a failing SD card ends up.",
    mend: "Look at `sudo dmesg` on the Pi, restart it, and think of a new card.",
  },
  PI_CLOCK: {
    meaning: "The Pi's clock is wrong, so TLS and sign-ins would fail.",
    mend: "On the Pi: `sudo timedatectl set-ntp true`.",
  },
  AUDIT_NOT_WRITTEN: {
    meaning: "The service that writes the audit trail on the Pi failed.",
    mend: "See why: `sudo journalctl -u openclaw-gateway-audit-STACK` on the Pi.",
  },
  PI_NOT_CLEANED: {
    meaning: "Something that this stack made on the Pi could not be undone.",
    mend: "Mend what is said above it, then run `npx pulumi destroy` again.",
  },
  PI_STEP_RUNNING: {
    meaning: "An earlier step of this program still runs on the Pi.",
    mend: "See what it waits for, restart the Pi if need be, and run `npx pulumi up` again.",
  },
  PI_ABANDONED: {
    meaning: "pi.abandoned is set: the Pi is left as it is, and destroy takes off the rest without it.",
    mend: "Run `npx pulumi destroy`; what is left on the Pi is listed. If the Pi came back: `npx pulumi config rm --path pi.abandoned` and `npx pulumi up`.",
  },
  PI_LEFT_BEHIND: {
    meaning:
      "The config now names another Pi or another user, and what the stack made at the old one could not be taken off.",
    mend: "Switch the old one off, or stop its connector with the line that is shown.",
  },
} as const satisfies Record<string, ErrorEntry>;
