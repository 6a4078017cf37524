import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { AuditLogConfig, GatewayConfig, PiConfig } from "./config.ts";
import { type FirewallConfig, firewallSettings, tryFirewall } from "./firewall.ts";
import { encodedWanted, type OpenClawWanted } from "./openclaw-wanted.ts";
import { cleanWhatIsLeft } from "./pi-move.ts";
import { repeatWhenPiReturns } from "./pi-return.ts";
import { encodedPiProgram, type PiSettings, piScript } from "./pi-script.ts";

export interface PiArgs {
  readonly config: PiConfig;
  readonly stack: string;
  readonly wanted: OpenClawWanted;
  readonly cloudflared: GatewayConfig["cloudflared"];
  readonly firewall: FirewallConfig;
  /** What the connector signs in with. Secret. */
  readonly tunnelToken: pulumi.Input<string>;
  readonly auditLog: AuditLogConfig;
}

/** OpenClaw as it was found on the Pi, with the version of its Node. */
export interface OpenClawFound {
  readonly node: string;
  readonly entry: string;
  readonly config: string;
  /** `user NAME` or `system NAME`; empty where no systemd unit runs it. */
  readonly unit: string;
}

/** The last line of pi/openclaw.sh. */
interface OpenClawAnswer {
  readonly token?: string;
  readonly openclaw: string;
  readonly found: OpenClawFound;
}

/** What the stack does on the Pi over SSH: the connector, and OpenClaw's config for the gateway. */
export class Pi extends pulumi.ComponentResource {
  /** OpenClaw's own token, kept as it was or made when there was none; nothing with `signIn: access`. Secret. */
  readonly gatewayToken: pulumi.Output<string | undefined>;
  readonly openclawVersion: pulumi.Output<string>;
  /** How OpenClaw is installed there. */
  readonly openclawFound: pulumi.Output<OpenClawFound>;
  readonly cloudflaredVersion: pulumi.Output<string>;
  private readonly repeated: pulumi.ResourceHookBinding;

  constructor(name: string, args: PiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Pi", name, { host: args.config.host }, opts);
    // Not for the footprint: what fails while it is deleted is told by a destroy, which knows no hooks.
    this.repeated = { onError: [repeatWhenPiReturns(name, args.config)] };
    const footprint = this.recordFootprint(name, args);
    const connector = this.installConnector(name, args, footprint);
    const openclaw = this.configureOpenClaw(name, args, connector);
    if (args.auditLog.enabled) this.keepAuditTrail(name, args, openclaw);
    if (args.firewall.enabled) this.shutPorts(name, args, openclaw);
    const facts = openclaw.stdout.apply((stdout) => answerIn<OpenClawAnswer>(stdout));
    this.gatewayToken = pulumi.secret(facts.token);
    this.openclawVersion = pulumi.unsecret(facts.openclaw);
    this.openclawFound = pulumi.unsecret(facts.found);
    this.cloudflaredVersion = connector.stdout.apply(
      (stdout) => answerIn<{ cloudflared: string }>(stdout).cloudflared,
    );
    this.registerOutputs({
      openclawVersion: this.openclawVersion,
      cloudflaredVersion: this.cloudflaredVersion,
    });
  }

  /** Recorded before any step, so that destroy undoes a step that failed half-way too. */
  private recordFootprint(name: string, args: PiArgs) {
    const script = piScript("footprint", { asRoot: false });
    const stdin = script.stdin({
      connector: encoded(piScript("connector", { asRoot: true }).stdin({ stack: args.stack })),
      openclaw: encoded(piScript("openclaw", { asRoot: false }).stdin(openclawSettings(args))),
      audit: encoded(piScript("audit", { asRoot: true }).stdin(auditSettings(args))),
      firewall: encoded(
        piScript("firewall", { asRoot: true }).stdin(firewallSettings(args.stack, args.firewall)),
      ),
    });
    return new command.remote.Command(
      `${name}-footprint`,
      {
        ...this.run(args),
        create: script.command("create"),
        delete: script.command("delete"),
        stdin: pulumi.secret(stdin),
      },
      { parent: this, hooks: { beforeUpdate: [cleanWhatIsLeft()] } },
    );
  }

  private installConnector(name: string, args: PiArgs, footprint: pulumi.Resource) {
    const script = piScript("connector", { asRoot: args.config.user !== "root" });
    const { version, upgrades } = args.cloudflared;
    const settings = { stack: args.stack, version: version || "any", upgrades };
    const stdin = pulumi
      .output(args.tunnelToken)
      .apply((token) => script.stdin({ ...settings, tunnel_token: token }));
    return new command.remote.Command(
      `${name}-connector`,
      { ...this.run(args), create: script.command("create"), stdin: pulumi.secret(stdin) },
      { parent: this, dependsOn: footprint, hooks: this.repeated },
    );
  }

  /** After the connector: what cannot connect has not touched OpenClaw. */
  private configureOpenClaw(name: string, args: PiArgs, connector: pulumi.Resource) {
    const script = piScript("openclaw", { asRoot: false });
    return new command.remote.Command(
      `${name}-openclaw`,
      {
        ...this.run(args),
        create: script.command("create"),
        stdin: pulumi.secret(script.stdin(openclawSettings(args))),
      },
      {
        parent: this,
        dependsOn: connector,
        hooks: this.repeated,
        additionalSecretOutputs: ["stdout"],
      },
    );
  }

  /** After OpenClaw, whose ledger it reads. Taken out of the config, it goes by its own delete, and with the Pi by the footprint's. */
  private keepAuditTrail(name: string, args: PiArgs, openclaw: pulumi.Resource) {
    const script = piScript("audit", { asRoot: args.config.user !== "root" });
    return new command.remote.Command(
      `${name}-audit`,
      {
        ...this.run(args),
        create: script.command("create"),
        delete: script.command("delete"),
        stdin: pulumi.secret(script.stdin(auditSettings(args))),
      },
      { parent: this, dependsOn: openclaw, hooks: this.repeated },
    );
  }

  /** Last: what runs is not disturbed by it, and what failed before has not shut anything. */
  private shutPorts(name: string, args: PiArgs, openclaw: pulumi.Resource) {
    const script = piScript("firewall", { asRoot: args.config.user !== "root" });
    const attempt = tryFirewall(args.config, args.stack, args.firewall);
    new command.remote.Command(
      `${name}-firewall`,
      {
        ...this.run(args),
        create: script.command("create"),
        // Of its own too, for when the option is switched off.
        delete: script.command("delete"),
        stdin: script.stdin(firewallSettings(args.stack, args.firewall)),
      },
      {
        parent: this,
        dependsOn: openclaw,
        hooks: { ...this.repeated, beforeCreate: [attempt], beforeUpdate: [attempt] },
      },
    );
  }

  /** How each command of this Pi runs. A changed connection updates it: the command runs anew, which every step allows. */
  private run({ config }: PiArgs) {
    return {
      connection: {
        host: config.host,
        port: config.port,
        user: config.user,
        hostKey: config.hostKey,
        // Without a key the provider asks the SSH agent at SSH_AUTH_SOCK; the socket's path would change the state.
        privateKey: config.privateKey === undefined ? undefined : pulumi.secret(config.privateKey),
        // The look before has found the Pi; the default of 10 dials of 15 s each would hang for minutes.
        dialErrorLimit: 3,
        perDialTimeout: 10,
      },
      // By default the last stdout, which may hold a secret, is offered to sshd as an environment variable.
      addPreviousOutputInEnv: false,
      logging: command.remote.Logging.Stderr,
    };
  }
}

/** A step's answer is its last line: a login shell whose .bashrc prints something says that first. */
const answerIn = <T>(stdout: string): T => JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");

const encoded = (text: string): string => Buffer.from(text).toString("base64");

const openclawSettings = ({ config, wanted, stack }: PiArgs) => ({
  stack,
  openclaw_port: String(config.openclawPort),
  program: encodedPiProgram("openclaw"),
  wanted: encodedWanted(wanted),
});

const auditSettings = ({ config, stack, auditLog }: PiArgs): PiSettings => ({
  stack,
  user: config.user,
  path: auditLog.path,
  keep: auditLog.keepOnDestroy ? "yes" : "no",
  runner: encodedPiProgram("audit-run"),
  program: encodedPiProgram("audit"),
});
