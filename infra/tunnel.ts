import * as cloudflare from "@pulumi/cloudflare";
import * as pulumi from "@pulumi/pulumi";
import { adoptable } from "./adoptable.ts";
import { claims, onlyIfFree } from "./free-name.ts";

export interface TunnelArgs {
  readonly accountId: string;
  /** Name of the tunnel and of its VPC service in the account. */
  readonly name: string;
  /** Id of a tunnel that is there already, which then stays as it is; a new one when there is none. */
  readonly existingId?: string | undefined;
  /** Port of OpenClaw on the Pi's loopback. */
  readonly openclawPort: number;
  /** What the token is made of, once it was rotated; Cloudflare's own before. */
  readonly secret?: string | undefined;
}

/** A stack's tunnel and the VPC service that leads through it to OpenClaw on the Pi. */
export class Tunnel extends pulumi.ComponentResource {
  readonly tunnelId: pulumi.Output<string>;
  /** What the connector on the Pi signs in with. Secret. None of a tunnel that has its connector already. */
  readonly token: pulumi.Output<string> | undefined;
  readonly vpcServiceId: pulumi.Output<string>;

  constructor(name: string, args: TunnelArgs, opts?: pulumi.ComponentResourceOptions) {
    const { secret: _not, ...told } = args;
    super("openclaw-gateway:index:Tunnel", name, told, opts);
    const tunnel = args.existingId ? undefined : this.createTunnel(name, args);
    this.tunnelId = tunnel?.id ?? pulumi.output(args.existingId ?? "");
    this.token = tunnel && this.readToken(args, tunnel);
    this.vpcServiceId = this.createVpcService(name, args).id;
    this.registerOutputs({ tunnelId: this.tunnelId, vpcServiceId: this.vpcServiceId });
  }

  private createTunnel(name: string, args: TunnelArgs) {
    return new cloudflare.ZeroTrustTunnelCloudflared(
      `${name}-tunnel`,
      {
        accountId: args.accountId,
        name: args.name,
        configSrc: "cloudflare",
        ...(args.secret !== undefined && { tunnelSecret: pulumi.secret(args.secret) }),
      },
      {
        parent: this,
        ...adoptable,
        hooks: { beforeCreate: [onlyIfFree(claims.tunnel(args.accountId, args.name))] },
      },
    );
  }

  private readToken(args: TunnelArgs, tunnel: cloudflare.ZeroTrustTunnelCloudflared): pulumi.Output<string> {
    const answer = cloudflare.getZeroTrustTunnelCloudflaredTokenOutput(
      { accountId: args.accountId, tunnelId: tunnel.id },
      { parent: this },
    );
    // The data source gives the token in clear; whoever holds it can stand in for the Pi.
    return pulumi.secret(answer.token);
  }

  private createVpcService(name: string, args: TunnelArgs) {
    return new cloudflare.ConnectivityDirectoryService(
      `${name}-service`,
      {
        accountId: args.accountId,
        name: args.name,
        type: "http",
        // Only the http port: the Worker can then never be led to TLS. An address, not "localhost": a hostname is
        // looked up at the resolver of the Pi's network, not in its /etc/hosts
        // (https://developers.cloudflare.com/workers-vpc/configuration/vpc-services/).
        httpPort: args.openclawPort,
        host: { ipv4: "127.0.0.1", network: { tunnelId: this.tunnelId } },
      },
      {
        parent: this,
        ...adoptable,
        hooks: { beforeCreate: [onlyIfFree(claims.vpcService(args.accountId, args.name))] },
      },
    );
  }
}
