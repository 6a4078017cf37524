/** How many of each kind an account may hold. */
export interface AccountLimits {
  readonly accessApplications: number;
  readonly accessPolicies: number;
  readonly accessGroups: number;
  readonly identityProviders: number;
  readonly serviceTokens: number;
  readonly tunnels: number;
  readonly vpcServices: number;
  readonly workers: number;
  readonly cronTriggers: number;
}

/**
 * A free account's limits
 * (https://developers.cloudflare.com/cloudflare-one/account-limits/,
 * https://developers.cloudflare.com/workers/platform/limits/,
 * https://developers.cloudflare.com/workers-vpc/reference/limits/).
 */
export const freePlan: AccountLimits = {
  accessApplications: 500,
  accessPolicies: 500,
  accessGroups: 300,
  identityProviders: 50,
  serviceTokens: 50,
  tunnels: 1000,
  vpcServices: 1000,
  workers: 100,
  cronTriggers: 5,
};
