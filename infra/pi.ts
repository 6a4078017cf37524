import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { AuditLogConfig, GatewayConfig, PiConfig } from "./config.ts";
import { type FirewallConfig, firewallSettings, tryFirewall } from "./firewall.ts";
import { encodedWanted, type OpenClawWanted } from "./openclaw-wanted.ts";
import { leftAlone } from "./pi-abandoned.ts";
import { connectionTo } from "./pi-connection.ts";
import { cleanWhatIsLeft } from "./pi-move.ts";
import { repeatWhenPiReturns } from "./pi-return.ts";
import { encodedPiProgram, type PiScript, type PiSettings, piScript, sudoSetting } from "./pi-script.ts";

export interface PiArgs {
  readonly config: PiConfig;
  readonly stack: string;
  readonly wanted: OpenClawWanted;
  readonly cloudflared: GatewayConfig["cloudflared"];
  readonly firewall: FirewallConfig;
  /** What the connector signs in with. Secret. None where the tunnel has its connector already. */
  readonly tunnelToken: pulumi.Input<string> | undefined;
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
  /** Nothing where the connector is not the stack's own. */
  readonly cloudflaredVersion: pulumi.Output<string> | undefined;
  private readonly repeated: pulumi.ResourceHookBinding;

  constructor(name: string, args: PiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Pi", name, { host: args.config.host }, opts);
    // Not for the footprint: what fails while it is deleted is told by a destroy, which knows no hooks.
    this.repeated = { onError: [repeatWhenPiReturns(name, args.config)] };
    const footprint = this.recordFootprint(name, args);
    const { tunnelToken } = args;
    const connector =
      tunnelToken === undefined ? undefined : this.installConnector(name, args, tunnelToken, footprint);
    const openclaw = this.configureOpenClaw(name, args, connector ?? footprint);
    if (args.auditLog.enabled) this.keepAuditTrail(name, args, openclaw);
    if (args.firewall.enabled) this.shutPorts(name, args, openclaw);
    const facts = openclaw.stdout.apply((stdout) => answerIn<OpenClawAnswer>(stdout, neverRun));
    this.gatewayToken = pulumi.secret(facts.token);
    this.openclawVersion = pulumi.unsecret(facts.openclaw);
    this.openclawFound = pulumi.unsecret(facts.found);
    this.cloudflaredVersion = connector?.stdout.apply(
      (stdout) => answerIn<{ cloudflared: string }>(stdout, neverRun).cloudflared,
    );
    this.registerOutputs({
      openclawVersion: this.openclawVersion,
      cloudflaredVersion: this.cloudflaredVersion,
    });
  }

  /** Recorded before any step, so that destroy undoes a step that failed half-way too. */
  private recordFootprint(name: string, args: PiArgs) {
    const script = piScript("footprint", { asRoot: false });
    const connector = encoded(piScript("connector", { asRoot: true }).stdin({ stack: args.stack }));
    const settings = {
      ...(args.tunnelToken === undefined ? formerConnector(args.stack, connector) : { connector }),
      openclaw: encoded(piScript("openclaw", { asRoot: false }).stdin(openclawSettings(args))),
      audit: encoded(piScript("audit", { asRoot: true }).stdin(auditSettings(args))),
      firewall: encoded(
        piScript("firewall", { asRoot: true }).stdin(firewallSettings(args.stack, args.firewall)),
      ),
      ...sudoSetting(args.config),
    };
    return this.step(`${name}-footprint`, args, script, pulumi.secret(script.stdin(settings)), {
      // Undone by itself, where the connector and OpenClaw are by this one. What an option made is undone by both.
      undo: true,
      opts: { hooks: { beforeUpdate: [cleanWhatIsLeft()] } },
    });
  }

  private installConnector(
    name: string,
    args: PiArgs,
    tunnelToken: pulumi.Input<string>,
    footprint: pulumi.Resource,
  ) {
    const script = rootScript("connector", args);
    const { version, upgrades } = args.cloudflared;
    const settings = { stack: args.stack, version: version || "any", upgrades };
    const stdin = pulumi
      .output(tunnelToken)
      .apply((token) => script.stdin({ ...settings, tunnel_token: token }));
    return this.step(`${name}-connector`, args, script, pulumi.secret(stdin), {
      opts: { dependsOn: footprint, hooks: this.repeated },
    });
  }

  /** After the connector: what cannot connect has not touched OpenClaw. */
  private configureOpenClaw(name: string, args: PiArgs, connector: pulumi.Resource) {
    const script = piScript("openclaw", { asRoot: false });
    return this.step(`${name}-openclaw`, args, script, pulumi.secret(script.stdin(openclawSettings(args))), {
      opts: { dependsOn: connector, hooks: this.repeated, additionalSecretOutputs: ["stdout"] },
    });
  }

  /** After OpenClaw, whose ledger it reads. Taken out of the config, it goes by its own delete, and with the Pi by the footprint's. */
  private keepAuditTrail(name: string, args: PiArgs, openclaw: pulumi.Resource) {
    const script = rootScript("audit", args);
    return this.step(`${name}-audit`, args, script, pulumi.secret(script.stdin(auditSettings(args))), {
      undo: true,
      opts: { dependsOn: openclaw, hooks: this.repeated },
    });
  }

  /** Last: what runs is not disturbed by it, and what failed before has not shut anything. */
  private shutPorts(name: string, args: PiArgs, openclaw: pulumi.Resource) {
    const script = rootScript("firewall", args);
    const attempt = tryFirewall(args.config, args.stack, args.firewall);
    const stdin = script.stdin(firewallSettings(args.stack, args.firewall));
    return this.step(`${name}-firewall`, args, script, pulumi.secret(stdin), {
      undo: true,
      opts: {
        dependsOn: openclaw,
        hooks: { ...this.repeated, beforeCreate: [attempt], beforeUpdate: [attempt] },
      },
    });
  }

  /**
   * One command on the Pi. A changed connection updates it: the command runs anew, which every step allows.
   *
   * Of a Pi that is abandoned nothing is declared that could run: a step that is recorded stays as it is, and one that
   * never ran is recorded without a command.
   */
  private step(
    name: string,
    { config }: PiArgs,
    script: PiScript,
    stdin: pulumi.Output<string>,
    { undo = false, opts }: { undo?: boolean; opts: pulumi.CustomResourceOptions },
  ) {
    const abandoned = config.abandoned === true;
    return new command.remote.Command(
      name,
      {
        connection: connectionTo(config),
        // By default the last stdout, which may hold a secret, is offered to sshd as an environment variable.
        addPreviousOutputInEnv: false,
        logging: command.remote.Logging.Stderr,
        ...(!abandoned && {
          create: script.command("create"),
          ...(undo && { delete: script.command("delete") }),
          stdin,
        }),
      },
      { parent: this, ...opts, ...(abandoned && leftAlone) },
    );
  }
}

/** A step's answer is its last line: a login shell whose .bashrc prints something says that first. */
const answerIn = <T>(stdout: string, without: T): T =>
  stdout ? JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") : without;

/** The answers of a step that an abandoned Pi was never asked to do; what is built with them is there to be destroyed. */
const neverRun = {
  token: "of-no-openclaw",
  openclaw: "",
  cloudflared: "",
  found: { node: "", entry: "", config: "", unit: "" },
};

/** A script that runs as root, by sudo where the user is another. */
const rootScript = (name: "connector" | "audit" | "firewall", { config }: PiArgs): PiScript =>
  piScript(name, { asRoot: config.user !== "root", sudoPassword: config.sudoPassword });

const encoded = (text: string): string => Buffer.from(text).toString("base64");

/** Of a tunnel that is reused the connector is not the stack's: it takes off only one that it had before, and never this one. */
const formerConnector = (stack: string, connector: string): PiSettings => ({
  former_connector: connector,
  former_unit: `cloudflared-${stack}.service`,
});

const openclawSettings = ({ config, wanted, stack }: PiArgs) => ({
  stack,
  openclaw_port: String(config.openclawPort),
  openclaw_profile: config.profile ?? "",
  program: encodedPiProgram("openclaw"),
  wanted: encodedWanted(wanted),
});

const auditSettings = ({ config, stack, auditLog }: PiArgs): PiSettings => ({
  stack,
  user: config.user,
  openclaw_port: String(config.openclawPort),
  openclaw_profile: config.profile ?? "",
  path: auditLog.path,
  keep: auditLog.keepOnDestroy ? "yes" : "no",
  runner: encodedPiProgram("audit-run"),
  program: encodedPiProgram("audit"),
});
