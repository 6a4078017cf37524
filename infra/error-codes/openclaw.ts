import { type ErrorEntry, report } from "./entry.ts";

/** What can go wrong with OpenClaw on the Pi. */
export const openclawCodes = {
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
  OPENCLAW_OTHER_PROFILE: {
    meaning: "The port belongs to the gateway of another OpenClaw profile than the config says.",
    mend: "Set pi.profile or pi.openclawPort to what is shown.",
  },
  OPENCLAW_PROFILE_MISSING: {
    meaning: "The user has no OpenClaw of the profile that the config says.",
    mend: "Set it up on the Pi with the lines that are shown, or set pi.profile to another.",
  },
  OPENCLAW_PORT_SHARED: {
    meaning: "Two profiles' gateways on the Pi are set to one port, so that either may answer there.",
    mend: "Give one another port, with the line that is shown.",
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
  OPENCLAW_AGENT_EXISTS: {
    meaning: "OpenClaw has an agent of somebody's own with the name that webAgent is to have.",
    mend: "Name the gateway's agent otherwise: `npx pulumi config set --path openclaw-gateway:webAgent.name NAME`.",
  },
  OPENCLAW_AUDIT_CRITICAL: {
    meaning:
      "With the gateway's settings OpenClaw's own security audit found something critical; its config was put back.",
    mend: "On the Pi: `openclaw security audit` says what it finds as it is; mend that, then `npx pulumi up`.",
  },
  OPENCLAW_PROXIES_WIDE: {
    meaning:
      "gateway.trustedProxies holds a range of the Pi's own network, whose machines could say that they are anybody. Nothing was changed.",
    mend: "Name single addresses there, or sign in by token: `npx pulumi config set signIn token`.",
  },
  OPENCLAW_PROXIES_OPEN: {
    meaning: "OpenClaw let a request in that came from another address than the connector's.",
    mend: "On the Pi: `openclaw config set gateway.bind loopback`.",
  },
  OPENCLAW_NOT_ANSWERING: {
    meaning: "OpenClaw did not answer with its new settings; its config was put back.",
    mend: "Look at its log: `journalctl --user -u openclaw-gateway`.",
  },

  SETTING_UNKNOWN: { meaning: "A script on the Pi was given a setting it does not know.", mend: report },
  SETTING_MISSING: { meaning: "A script on the Pi was not given a setting it needs.", mend: report },
  OPENCLAW_STEP_FAILED: { meaning: "The step that sets OpenClaw up broke off.", mend: report },
} as const satisfies Record<string, ErrorEntry>;
