import * as command from "@pulumi/command";
import * as pulumi from "@pulumi/pulumi";
import type { PiConfig } from "./config.ts";
import { encodedWanted, type OpenClawWanted } from "./openclaw-wanted.ts";
import { leftAlone } from "./pi-abandoned.ts";
import { connectionTo } from "./pi-connection.ts";
import { cleanWhatIsLeft } from "./pi-move.ts";
import { repeatWhenPiReturns } from "./pi-return.ts";
import { encodedPiProgram, type PiScript, piScript, sudoSetting } from "./pi-script.ts";

export interface PiArgs {
  readonly config: PiConfig;
  readonly stack: string;
  readonly wanted: OpenClawWanted;
  /** What the connector signs in with. Secret. */
  readonly tunnelToken: pulumi.Input<string>;
}

/** What the stack does on the Pi over SSH: the connector, and OpenClaw's config for the gateway. */
export class Pi extends pulumi.ComponentResource {
  /** OpenClaw's own token, kept as it was or made when there was none; nothing with `signIn: access`. Secret. */
  readonly gatewayToken: pulumi.Output<string | undefined>;
  readonly openclawVersion: pulumi.Output<string>;
  readonly cloudflaredVersion: pulumi.Output<string>;
  private readonly repeated: pulumi.ResourceHookBinding;

  constructor(name: string, args: PiArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openclaw-gateway:index:Pi", name, { host: args.config.host }, opts);
    // Not for the footprint: what fails while it is deleted is told by a destroy, which knows no hooks.
    this.repeated = { onError: [repeatWhenPiReturns(name, args.config)] };
    const footprint = this.recordFootprint(name, args);
    const connector = this.installConnector(name, args, footprint);
    const openclaw = this.configureOpenClaw(name, args, connector);
    const facts = openclaw.stdout.apply((stdout) =>
      answerIn<{ token?: string; openclaw: string }>(stdout, neverRun),
    );
    this.gatewayToken = pulumi.secret(facts.token);
    this.openclawVersion = pulumi.unsecret(facts.openclaw);
    this.cloudflaredVersion = connector.stdout.apply(
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
    const settings = {
      connector: encoded(piScript("connector", { asRoot: true }).stdin({ stack: args.stack })),
      openclaw: encoded(piScript("openclaw", { asRoot: false }).stdin(openclawSettings(args))),
      ...sudoSetting(args.config),
    };
    return this.step(`${name}-footprint`, args, script, pulumi.secret(script.stdin(settings)), {
      // Undone by itself, where each other step is by this one.
      undo: true,
      opts: { hooks: { beforeUpdate: [cleanWhatIsLeft()] } },
    });
  }

  private installConnector(name: string, args: PiArgs, footprint: pulumi.Resource) {
    const { user, sudoPassword } = args.config;
    const script = piScript("connector", { asRoot: user !== "root", sudoPassword });
    const stdin = pulumi
      .output(args.tunnelToken)
      .apply((token) => script.stdin({ stack: args.stack, tunnel_token: token }));
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
const neverRun = { token: "of-no-openclaw", openclaw: "", cloudflared: "" };

const encoded = (text: string): string => Buffer.from(text).toString("base64");

const openclawSettings = ({ config, wanted, stack }: PiArgs) => ({
  stack,
  openclaw_port: String(config.openclawPort),
  program: encodedPiProgram("openclaw"),
  wanted: encodedWanted(wanted),
});
