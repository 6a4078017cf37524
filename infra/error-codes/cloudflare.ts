import type { ErrorEntry } from "./entry.ts";

/** What the look at the account, and Cloudflare itself, can be refused by. */
export const cloudflareCodes = {
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
  CLOUDFLARE_TOKEN_ADDRESS: {
    meaning:
      "The API token is good, but may be used from certain addresses alone (Client IP Address Filtering), and this machine's is none of them.",
    mend: "Add the address that is shown in the dashboard (My Profile, API Tokens, Edit), or take the filter away; the token itself stays the same. A machine with IPv6 comes from two addresses.",
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
  ACCOUNT_FULL: {
    meaning:
      "The account has no room left, by its plan's limits, for what the stack would make. Each limit is listed with what is there; nothing was made.",
    mend: "Delete what nobody needs, where the message says, or remove a stack: `npm run family -- remove STACK`; on Workers' paid plan `npx pulumi config set plan paid`.",
  },
  LEFT_OVER: {
    meaning:
      "A warning: the account has two service tokens or policies with a name of the stack's. One was made by an up whose answer was lost; nobody has its secret.",
    mend: "See by `npx pulumi stack --show-ids` which one the stack has; delete the other, where the message says.",
  },
  ALERTS_NOT_TO_WEBHOOKS: {
    meaning:
      "A warning: the account has no zone on the Pro plan or above, so Cloudflare sends its own alarms to email addresses alone. The probe's alarms go to the webhooks all the same.",
    mend: "Name who is to be told: `npx pulumi config set --path 'shared.alerts.emails[0]' ADDRESS`.",
  },
  ACCESS_GROUP: {
    meaning:
      "The account has no Access group of that name or id, or several of that name. Those it has are listed.",
    mend: "Name one that the account has, where the name is not the only one by its id; or declare it in the shared stack (`shared.groups`) and build that first.",
  },
  ACCESS_PROVIDER: {
    meaning:
      "The account has no login method of that id or name, or several of that name. Those it has are listed.",
    mend: "Name one that the account has, where the name is not the only one by its id; or declare it in the shared stack (`shared.loginMethods`) and build that first.",
  },
  ACCESS_POSTURE: {
    meaning:
      "The account has no device posture check of an id that `access` names. As a warning: the API token may not read them, so nobody has looked.",
    mend: "Set it to the id of a check that the account has; they are listed where the token has Access: Device Posture, Read.",
  },
  SHARED_READ_TOKEN: {
    meaning:
      "The probe's API token may not read tunnels, may do more than that, or is the one that the program itself runs with.",
    mend: "Make a token with Cloudflare Tunnel, Read and nothing else, and set shared.alerts.tunnelReadToken to it.",
  },
  SHARED_GATEWAY_MISSING: {
    meaning: "A shared stack is to watch a gateway that the account does not have.",
    mend: "Build the gateway's stack first, or take its name out of `shared.gateways`.",
  },
  TUNNEL_PUBLISHED: {
    meaning:
      "Someone gave the stack's tunnel a public hostname, which leads to the Pi past Access and the Worker.",
    mend: "Remove it in the dashboard (Networks, Tunnels, Published application routes).",
  },
  ACCESS_OVERLAP: {
    meaning:
      "Another Access application takes a part of the gateway's address, such as one path of it. What comes there has not been let in by the stack's own policies, and the gateway refuses it.",
    mend: "Delete that application, or give it another address, then run `npx pulumi up` again.",
  },
  ACCESS_EVERYONE: {
    meaning:
      "An Access group of `access.groups`, or a login method of `access.identityProviders`, lets in people whom nobody has named: everyone, a country, an address range, or whoever has an email address or an account where anybody can have one.",
    mend: "Name people, a group's in the dashboard; or let everyone in as a guest, by the sentence that is shown.",
  },
  ACCESS_MFA_OFF: {
    meaning:
      "The config asks for a second factor (`access.mfa`) that the account's Access settings do not allow.",
    mend: "Allow it there (Zero Trust, Access controls, Access settings), or run `npx pulumi config rm --path access.mfa`.",
  },
  ACCESS_MFA_UNTOLD: {
    meaning:
      "A warning: with `access.require.mfa` nobody can log in, since no login method of the account tells Access of a second factor.",
    mend: "Add a login method that does (Okta, Entra ID, OIDC or SAML), or let Access ask for a second factor itself: `access.mfa`.",
  },
} as const satisfies Record<string, ErrorEntry>;
