/** What one code says, for a person who looks it up. */
export interface ErrorEntry {
  /** What happened, in one sentence. */
  readonly meaning: string;
  /** What to do about it, in one sentence; commands stand as they are typed. */
  readonly mend: string;
}

const report = "This is a mistake in openclaw-gateway: please report it.";

/**
 * Every code that `npm run init` and `pulumi up` can say: those of the set-up, of the program, and of the scripts that
 * run on the Pi. The code is
 * the contract, and stays; the message beside it names the host, the key or the resource. docs/errors.md is made from
 * this. The Worker's own codes are in worker/errors.ts.
 */
export const errorCodes = {
  NOT_THE_PROJECT: {
    meaning: "The set-up was started in a folder that is not this project's.",
    mend: "Change to the folder with Pulumi.yaml and run `npm run init` there.",
  },
  ANSWERS_MISSING: {
    meaning: "The set-up runs without a terminal, and some of its answers were given by no flag.",
    mend: "Give the flags that are listed, or run `npm run init` on a terminal.",
  },
  ANSWER_WRONG: {
    meaning: "The value of a flag cannot be taken.",
    mend: "Give it as the message describes; `npm run init -- --help` explains each.",
  },
  STACK_NAME: {
    meaning: "The text is no name for a stack, which becomes part of a hostname.",
    mend: "Take at most 40 lowercase letters, digits and dashes.",
  },
  STACK_FILE: {
    meaning: "The stack is in the backend, but its file Pulumi.STACK.yaml is not in the project.",
    mend: "Put the file back, from git or a backup: it holds the config, and what the passphrase is checked by.",
  },
  STACK_LEFT: {
    meaning: "Writing a new stack failed, and what was there of it could not be removed.",
    mend: "Run `npx pulumi stack rm STACK`, or `npm run init` again, which goes on with it.",
  },
  BACKEND_UNUSABLE: {
    meaning: "The place for the state cannot be used.",
    mend: "Look at its address and at your login there; a folder has to exist, as in `file:///srv/pulumi-state`.",
  },
  PULUMI_FAILED: {
    meaning: "A command of Pulumi's failed, in its own words.",
    mend: "Mend what it names, then run `npm run init` again.",
  },
  PASSPHRASE_REFUSED: {
    meaning: "The passphrase that was typed is empty, or was not the same twice.",
    mend: "Type it again.",
  },
  PASSPHRASE_FILE: {
    meaning:
      "The passphrase's file cannot be used: it is missing, empty, inside the project, or others may read it.",
    mend: "Name another with `--passphrase-file`, or close it with `chmod 600`.",
  },
  PASSPHRASE_WRONG: {
    meaning: "It is not the passphrase that the stack was encrypted with.",
    mend: "Give the right one with `--passphrase-file` or PULUMI_CONFIG_PASSPHRASE_FILE; docs/state.md says what to do when it is lost.",
  },
  API_TOKEN_FILE: {
    meaning: "The file with the API token cannot be read.",
    mend: "Name another with `--api-token-file`.",
  },
  CLOUDFLARE_TOKEN_FORMAT: {
    meaning: "The text is no API token: it is too short or too long, or has characters that no token has.",
    mend: "Copy it whole, without the word Bearer and without quotes.",
  },
  ACCOUNT_ID: {
    meaning: "It is not known which account is meant, or the text is no account's id.",
    mend: "Name it with `--account-id`: the 32 digits in the address of its dashboard.",
  },
  PI_ADDRESS: {
    meaning: "The text is no address of a Pi.",
    mend: "Write `USER@HOST:PORT`, of which the user and the port may be left out.",
  },
  PI_KEY_FILE: {
    meaning: "The file with the SSH key cannot be read or is a public key.",
    mend: "Name the private key's file with `--identity`, or use the SSH agent.",
  },
  PI_FINGERPRINT: {
    meaning: "The Pi's host key has another fingerprint than was given, or nobody has compared it.",
    mend: "Compare it on the Pi's own screen, then give it with `--host-key-fingerprint`.",
  },

  CONFIG_INVALID: {
    meaning:
      "Keys of the stack's config are missing, misspelt or not what they should be; all of them are listed.",
    mend: "Run the command that stands below each key.",
  },

  CLOUDFLARE_TOKEN_MISSING: {
    meaning: "There is no API token to sign in at Cloudflare with.",
    mend: "Set CLOUDFLARE_API_TOKEN, or run `npx pulumi config set --secret cloudflare:apiToken`.",
  },
  CLOUDFLARE_TOKEN_INVALID: {
    meaning: "Cloudflare does not know the API token: it was copied in part, rolled or deleted.",
    mend: "Make a new one in the dashboard (My Profile, API Tokens) and set it.",
  },
  CLOUDFLARE_TOKEN_EXPIRED: {
    meaning: "The API token is past the end date it was made with.",
    mend: "Make a new one, or move its end date (dashboard, My Profile, API Tokens, Edit).",
  },
  CLOUDFLARE_TOKEN_DISABLED: {
    meaning: "The API token was switched off in the dashboard.",
    mend: "Switch it on again there, or make a new one.",
  },
  CLOUDFLARE_LOGIN_LIMITED: {
    meaning:
      "A warning: the team's login page lets in members of the Cloudflare account alone, or nobody, since Zero Trust has no other login method.",
    mend: "Add One-time PIN in Zero Trust, Settings, Authentication, Login methods: then everybody whom the config names can log in by a code sent to them.",
  },
  CLOUDFLARE_PERMISSION_MISSING: {
    meaning: "The API token lacks a permission, which is named.",
    mend: "Add it in the dashboard (My Profile, API Tokens, Edit); the token itself stays the same.",
  },
  CLOUDFLARE_ACCOUNT_WRONG: {
    meaning:
      "The API token opens none of this account: the account id is not right, or the token is another account's.",
    mend: "Take the 32 digits from the address of the account's dashboard: `npx pulumi config set accountId ID`.",
  },
  CLOUDFLARE_ZERO_TRUST_OFF: {
    meaning: "The account has no Zero Trust organization, which Access needs.",
    mend: "Open https://one.dash.cloudflare.com once, choose a team name and the free plan.",
  },
  CLOUDFLARE_WORKERS_NAME_MISSING: {
    meaning: "The account has no workers.dev name yet, so the gateway would have no address.",
    mend: "Open Compute (Workers) in the dashboard once and choose a name.",
  },
  CLOUDFLARE_NOT_READY: {
    meaning: "Several things are missing in the account or the API token; all of them are listed.",
    mend: "Do what stands below each.",
  },
  CLOUDFLARE_NAME_IN_USE: {
    meaning:
      "The account holds a resource of the name that this stack wants to create, and the stack's state does not know it. Nothing of it was touched.",
    mend: "If it is this stack's, from an up that was cut: run the command that is shown. If not: choose another stack name.",
  },
  CLOUDFLARE_BUSY: {
    meaning:
      "Cloudflare answered that it is overloaded or that this user asked too often, also after a few tries.",
    mend: "Wait five minutes and run `npx pulumi up` again: it goes on where it stopped.",
  },
  CLOUDFLARE_UNREACHABLE: {
    meaning: "Cloudflare's API did not answer at all.",
    mend: "See whether this machine is online: `curl -I https://api.cloudflare.com`.",
  },
  CLOUDFLARE_REFUSED: {
    meaning: "Cloudflare refused a request; its own words and code are shown.",
    mend: "Look the code up at https://developers.cloudflare.com, mend what it says, and run `npx pulumi up` again.",
  },
  TUNNEL_PUBLISHED: {
    meaning:
      "Someone gave the stack's tunnel a public hostname, which leads to the Pi past Access and the Worker.",
    mend: "Remove it in the dashboard (Networks, Tunnels, Published application routes).",
  },

  PI_UNREACHABLE: {
    meaning: "Nothing answered at the Pi's address and SSH port.",
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
  PI_HOST_KEY_CHANGED: {
    meaning: "The Pi shows another SSH host key than the one that is pinned.",
    mend: "Compare both fingerprints with the Pi's own, then pin the new one; or find out what else answers there.",
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
    meaning: "pi.privateKey is protected by a password, which nobody is there to type.",
    mend: "Give it to the SSH agent (`ssh-add FILE`) and remove pi.privateKey, or make a key without a password for this alone.",
  },
  PI_KEY_FORMAT: {
    meaning: "pi.privateKey is not a private key that SSH reads, or it is the public one.",
    mend: "Set the whole file of the private key, with its BEGIN and END lines.",
  },
  PI_LOGIN_REFUSED: {
    meaning: "The Pi does not let this user in with the keys it was shown.",
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
    meaning: "The user may not use sudo without a password.",
    mend: "Allow it, as an administrator on the Pi, with the line that is shown.",
  },
  PI_SUDO_PASSWORD: {
    meaning: "sudo asks the user for a password, which nobody is there to type.",
    mend: "Allow sudo without one, with the line that is shown.",
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
  PI_NOT_CLEANED: {
    meaning: "Something that this stack made on the Pi could not be undone.",
    mend: "Mend what is said above it, then run `npx pulumi destroy` again.",
  },
  PI_STEP_RUNNING: {
    meaning: "An earlier step of this program still runs on the Pi.",
    mend: "See what it waits for, restart the Pi if need be, and run `npx pulumi up` again.",
  },
  PI_LEFT_BEHIND: {
    meaning:
      "The config now names another Pi or another user, and what the stack made at the old one could not be taken off.",
    mend: "Switch the old one off, or stop its connector with the line that is shown.",
  },

  CLOUDFLARED_TOO_OLD: {
    meaning: "The cloudflared on the Pi is too old for Workers VPC.",
    mend: "Upgrade it the way it was installed, then run `npx pulumi up` again.",
  },
  CLOUDFLARED_HELD: {
    meaning: "apt on the Pi is told to hold cloudflared at a version that is too old.",
    mend: "On the Pi: `sudo apt-mark unhold cloudflared`.",
  },
  DOWNLOAD_FAILED: {
    meaning: "The Pi could not download a file from Cloudflare's package server.",
    mend: "Check the Pi's way to the internet with the curl line that is shown.",
  },
  APT_FAILED: {
    meaning: "apt-get did not succeed on the Pi; its last lines are shown.",
    mend: "Mend that on the Pi, then run `npx pulumi up` again.",
  },
  REPOSITORY_UNSIGNED: {
    meaning: "What came from Cloudflare's package server is not signed by its key. Nothing was installed.",
    mend: "Look for what stands between the Pi and the internet, and at the Pi's clock.",
  },
  DPKG_BROKEN: {
    meaning: "The Pi's packages are in a state that nothing can be installed in, as after a power cut.",
    mend: "On the Pi: `sudo dpkg --configure -a && sudo apt-get -f install`.",
  },
  APT_LOCKED: {
    meaning: "Another program installs packages on the Pi and did not end in time.",
    mend: "Let it end, then run `npx pulumi up` again.",
  },
  TUNNEL_NOT_CONNECTED: {
    meaning: "The connector on the Pi did not reach Cloudflare.",
    mend: "The usual reasons: UDP 7844 outbound is blocked, no DNS, a wrong clock.",
  },
  TUNNEL_TOKEN_REFUSED: {
    meaning: "Cloudflare does not take the tunnel's token: the tunnel was deleted, or its token was rotated.",
    mend: "Run `npx pulumi refresh`, then `npx pulumi up`.",
  },

  OPENCLAW_NOT_FOUND: {
    meaning: "OpenClaw is not installed for the user who signs in at the Pi.",
    mend: "Install it (https://docs.openclaw.ai/install/raspberry-pi), or set pi.user to its user.",
  },
  OPENCLAW_OTHER_USER: {
    meaning: "OpenClaw on the Pi belongs to another user than pi.user.",
    mend: "Set pi.user to the user that is named.",
  },
  OPENCLAW_TOO_OLD: {
    meaning: "OpenClaw is older than what the gateway works with.",
    mend: "On the Pi: `openclaw update`.",
  },
  OPENCLAW_NOT_RUNNING: {
    meaning: "OpenClaw's gateway does not answer on its port.",
    mend: "On the Pi: `openclaw gateway status`.",
  },
  OPENCLAW_PORT_TAKEN: {
    meaning: "Another program answers on OpenClaw's port.",
    mend: "Stop that program, or give OpenClaw another port and set it as pi.openclawPort.",
  },
  OPENCLAW_PORT: {
    meaning: "OpenClaw listens on another port than the config says.",
    mend: "Set pi.openclawPort to the one that is shown.",
  },
  OPENCLAW_CONFIG_UNREADABLE: {
    meaning: "The user may not read openclaw.json.",
    mend: "Make it this user's, with the line that is shown.",
  },
  OPENCLAW_CONFIG_READONLY: {
    meaning: "OpenClaw's config is managed by something else and takes no change.",
    mend: "Let that system write the keys that are named, or take the switch away.",
  },
  OPENCLAW_CONFIG_LINK: {
    meaning: "openclaw.json is a symbolic link, which OpenClaw's own commands do not write through.",
    mend: "Put the file itself in its place, with the line that is shown.",
  },
  OPENCLAW_CONFIG_UNWRITABLE: {
    meaning: "The user may not change openclaw.json.",
    mend: "Make it this user's, with the line that is shown.",
  },
  OPENCLAW_CONFIG_MISSING: {
    meaning: "The user has no openclaw.json.",
    mend: "Set OpenClaw up first: `openclaw onboard`.",
  },
  OPENCLAW_CONFIG_INVALID: {
    meaning: "openclaw.json is not valid JSON5. Nothing was changed.",
    mend: "Mend it, and check with `openclaw config validate`.",
  },
  OPENCLAW_CONFIG_REFUSED: {
    meaning: "OpenClaw did not take the change to its config; its own words are shown.",
    mend: "Check the config with `openclaw config validate`.",
  },
  OPENCLAW_CONFIG_BUSY: {
    meaning: "Something else changed openclaw.json at the same moment. Nothing was changed.",
    mend: "Run `npx pulumi up` again.",
  },
  OPENCLAW_AUTH_MODE: {
    meaning: "OpenClaw's gateway.auth.mode is not one that the gateway can use.",
    mend: "On the Pi: `openclaw config set gateway.auth.mode token`.",
  },
  OPENCLAW_TOKEN_REFERENCE: {
    meaning: "OpenClaw's token is a reference to a secret kept elsewhere, which the gateway cannot read.",
    mend: "Put the token itself into gateway.auth.token, or unset it: a new one is then made.",
  },
  OPENCLAW_NOT_ANSWERING: {
    meaning: "OpenClaw did not answer with its new settings; its config was put back.",
    mend: "Look at its log: `journalctl --user -u openclaw-gateway`.",
  },

  SETTING_UNKNOWN: { meaning: "A script on the Pi was given a setting it does not know.", mend: report },
  SETTING_MISSING: { meaning: "A script on the Pi was not given a setting it needs.", mend: report },
  OPENCLAW_STEP_FAILED: { meaning: "The step that sets OpenClaw up broke off.", mend: report },
} as const satisfies Record<string, ErrorEntry>;

/** A code of {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes;
