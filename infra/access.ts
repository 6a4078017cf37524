import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { rulesOf } from "./access-rules.ts";
import { adoptable } from "./adoptable.ts";
import type { GatewayConfig } from "./config.ts";
import { claims, onlyIfFree } from "./free-name.ts";
import { tellOfCut } from "./hostname-cut.ts";

export interface AccessArgs {
  readonly accountId: string;
  /** Name of the application; its policies' and tokens' names begin with it. */
  readonly name: string;
  /** The hostnames that Access guards, the gateway's main one first. */
  readonly hostnames: readonly [string, ...string[]];
  readonly people: GatewayConfig["access"];
  readonly serviceTokens: GatewayConfig["serviceTokens"];
  /** Whether pages of other origins may call: their preflights (OPTIONS) then pass without a login. */
  readonly preflights: boolean;
}

/** What a program signs in with, in the headers CF-Access-Client-Id and CF-Access-Client-Secret. */
export interface ServiceTokenCredentials {
  readonly clientId: pulumi.Output<string>;
  /** Secret; Cloudflare shows it once, the state keeps it. */
  readonly clientSecret: pulumi.Output<string>;
}

/** The Access application in front of the gateway, who may pass it, and the tokens of programs. */
export class Access extends pulumi.ComponentResource {
  /** The application's audience tag, which every JWT for it carries. */
  readonly audience: pulumi.Output<string>;
  readonly serviceTokens: Readonly<Record<string, ServiceTokenCredentials>>;

  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Access", name, { hostname: args.hostnames[0] }, opts);
    const tokens = args.serviceTokens.map((token) => this.createServiceToken(name, args, token));
    const policies = [this.createPeoplePolicy(name, args)];
    // One each: a token goes, or changes, without the others' policies being touched.
    for (const [index, token] of tokens.entries())
      policies.push(this.createServicePolicy(name, args, args.serviceTokens[index]?.name ?? "", token));
    this.audience = this.createApplication(name, args, policies).aud;
    this.serviceTokens = Object.fromEntries(
      args.serviceTokens.map(({ name: key }, index) => [key, credentials(tokens[index])]),
    );
    this.registerOutputs({ audience: this.audience });
  }

  private createServiceToken(name: string, args: AccessArgs, token: GatewayConfig["serviceTokens"][number]) {
    const { accountId } = args;
    const tokenName = `${args.name}-${token.name}`;
    return new cloudflare.ZeroTrustAccessServiceToken(
      `${name}-token-${token.name}`,
      { accountId, name: tokenName, duration: token.duration, ...secretOf(token) },
      { parent: this, ...adoptable },
    );
  }

  private createPeoplePolicy(name: string, { accountId, name: prefix, people }: AccessArgs) {
    return new cloudflare.ZeroTrustAccessPolicy(
      `${name}-people`,
      {
        accountId,
        name: `${prefix}-people`,
        decision: "allow",
        ...rulesOf(people),
        ...secondFactor(people),
        sessionDuration: people.sessionDuration,
      },
      { parent: this },
    );
  }

  private createServicePolicy(
    name: string,
    args: AccessArgs,
    key: string,
    token: cloudflare.ZeroTrustAccessServiceToken,
  ) {
    return new cloudflare.ZeroTrustAccessPolicy(
      `${name}-service-${key}`,
      {
        accountId: args.accountId,
        name: `${args.name}-service-${key}`,
        // Service Auth. "allow" would send a program with a good token to the login page
        // (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/).
        decision: "non_identity",
        includes: [{ serviceToken: { tokenId: token.id } }],
      },
      { parent: this },
    );
  }

  private createApplication(
    name: string,
    args: AccessArgs,
    policies: readonly cloudflare.ZeroTrustAccessPolicy[],
  ) {
    const areFree = args.hostnames.map((hostname) =>
      onlyIfFree(claims.application(args.accountId, hostname)),
    );
    return new cloudflare.ZeroTrustAccessApplication(
      `${name}-application`,
      {
        accountId: args.accountId,
        name: args.name,
        type: "self_hosted",
        // By hostname: a destination of type "worker" refuses WebSocket upgrades with 403
        // (https://developers.cloudflare.com/workers/configuration/cloudflare-access/).
        domain: args.hostnames[0],
        // Always said, for one name too: where a program stops saying it, the provider keeps what it was
        // (plan_modifiers.go of zero_trust_access_application there), and a name that was dropped would stay.
        destinations: args.hostnames.map((uri) => ({ type: "public", uri })),
        // Policies by id only: inline ones show as changed on every preview (terraform-provider-cloudflare #5646).
        policies: policies.map((policy, index) => ({ id: policy.id, precedence: index + 1 })),
        sessionDuration: args.people.sessionDuration,
        ...loginMethods(args.people),
        ...(args.people.bindingCookie && { enableBindingCookie: true }),
        httpOnlyCookieAttribute: true,
        // Strict ends in a redirect loop (Cloudflare's page on the authorization cookie).
        sameSiteCookieAttribute: "lax",
        serviceAuth401Redirect: true,
        // Preflights carry no login. The Worker answers them itself, to the origins of the config alone.
        optionsPreflightBypass: args.preflights,
        appLauncherVisible: true,
      },
      {
        parent: this,
        ...adoptable,
        hooks: { beforeCreate: areFree, beforeUpdate: [...areFree, tellOfCut(name)] },
      },
    );
  }
}

/** Which secret the token has. Of the first one nothing is said, as before a token is ever rotated. */
const secretOf = ({ secretVersion, previousSecretExpiresAt }: GatewayConfig["serviceTokens"][number]) =>
  secretVersion === 1
    ? {}
    : {
        clientSecretVersion: secretVersion,
        previousClientSecretExpiresAt: previousSecretExpiresAt,
      };

/**
 * Access's own second factor. On the policy of people and not on the application, which programs use too; the policy's
 * word counts before the application's and the account's
 * (https://developers.cloudflare.com/cloudflare-one/access-controls/policies/mfa-requirements/).
 */
function secondFactor({ mfa: { authenticators, sessionDuration } }: AccessArgs["people"]) {
  if (authenticators.length === 0) return {};
  return { mfaConfig: { allowedAuthenticators: authenticators, mfaDisabled: false, sessionDuration } };
}

const loginMethods = ({ loginMethods: allowedIdps }: AccessArgs["people"]) =>
  allowedIdps.length > 0 ? { allowedIdps, autoRedirectToIdentity: allowedIdps.length === 1 } : {};

function credentials(token: cloudflare.ZeroTrustAccessServiceToken | undefined): ServiceTokenCredentials {
  if (!token) throw new Error("a service token of the config has no resource");
  return { clientId: token.clientId, clientSecret: token.clientSecret };
}
