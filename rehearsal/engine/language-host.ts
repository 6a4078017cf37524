import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import * as grpc from "@grpc/grpc-js";
import langrpc from "@pulumi/pulumi/proto/language_grpc_pb.js";
import langproto from "@pulumi/pulumi/proto/language_pb.js";
import pluginproto from "@pulumi/pulumi/proto/plugin_pb.js";
import emptypb from "google-protobuf/google/protobuf/empty_pb.js";

/**
 * Stands in for `pulumi-language-nodejs`, which ships with Pulumi's release and is not part of its Go module: the
 * LanguageRuntime service, whose Run starts the SDK's own runner in the program's folder.
 */

/** The SDK's runner exits so when it has told the user itself what is wrong (its cmd/run/index.js). */
const alreadyReported = 32;

type RunRequest = InstanceType<typeof langproto.RunRequest>;

const unary =
  <Request>(answer: (request: Request) => unknown) =>
  (call: grpc.ServerUnaryCall<Request, unknown>, callback: grpc.sendUnaryData<unknown>): void => {
    Promise.resolve(call.request)
      .then(answer)
      .then(
        (response) => callback(null, response),
        (error: Error) => callback({ code: grpc.status.UNKNOWN, details: error.message }),
      );
  };

/** The programs that run now; they end with this process, however it is told to end. */
const running = new Set<ChildProcess>();

function end(): never {
  for (const program of running) program.kill();
  process.exit();
}
process.on("SIGTERM", end).on("SIGINT", end);

/** Runs the program to its end, with its output going where the engine reads the host's own. */
async function runProgram(request: RunRequest, engineAddress: string) {
  const response = new langproto.RunResponse();
  const info = request.getInfo();
  const options = (info?.getOptions()?.toJavaScript() ?? {}) as { typescript?: boolean; nodeargs?: string };
  const pwd = request.getPwd() || process.cwd();
  const runner = createRequire(join(pwd, "program.js")).resolve("@pulumi/pulumi/cmd/run/index.js");
  const child = spawn(
    process.execPath,
    [...nodeArguments(options.nodeargs), runner, ...flags(request, engineAddress)],
    {
      cwd: pwd,
      stdio: ["ignore", "inherit", "inherit"],
      env: {
        ...process.env,
        PULUMI_CONFIG: JSON.stringify(Object.fromEntries(request.getConfigMap().entries())),
        PULUMI_CONFIG_SECRET_KEYS: JSON.stringify(request.getConfigsecretkeysList()),
        PULUMI_NODEJS_TYPESCRIPT: String(options.typescript ?? true),
      },
    },
  );
  running.add(child);
  const [code, signal] = await once(child, "exit");
  running.delete(child);
  if (code === alreadyReported) response.setBail(true);
  else if (signal) response.setError(`Program exited unexpectedly: signal: ${signal}`);
  else if (code !== 0) response.setError(`Program exited with non-zero exit code: ${code}`);
  return response;
}

const nodeArguments = (text: string | undefined): string[] => text?.split(/\s+/).filter(Boolean) ?? [];

/** The runner's flags (its own usage text); what is empty is left out. */
function flags(request: RunRequest, engineAddress: string): string[] {
  const values: Record<string, string> = {
    monitor: request.getMonitorAddress(),
    engine: engineAddress,
    organization: request.getOrganization(),
    project: request.getProject(),
    "root-directory": request.getInfo()?.getRootDirectory() ?? "",
    stack: request.getStack(),
    pwd: request.getPwd(),
    parallel: String(request.getParallel()),
  };
  const named = Object.entries(values).flatMap(([name, value]) => (value ? [`--${name}`, value] : []));
  const program = request.getInfo()?.getEntryPoint() || request.getProgram() || ".";
  return [...named, ...(request.getDryrun() ? ["--dry-run"] : []), program, ...request.getArgsList()];
}

let engineAddress = process.argv.slice(2).find((argument) => !argument.startsWith("-")) ?? "";
const server = new grpc.Server();
server.addService(
  langrpc.LanguageRuntimeService as grpc.ServiceDefinition,
  {
    handshake: unary((request: InstanceType<typeof langproto.LanguageHandshakeRequest>) => {
      engineAddress = request.getEngineAddress() || engineAddress;
      return new langproto.LanguageHandshakeResponse();
    }),
    getPluginInfo: unary(() => {
      const info = new pluginproto.PluginInfo();
      info.setVersion("0.0.0");
      return info;
    }),
    // None: the rehearsal attaches its providers, and the engine fetches any other at first use.
    getRequiredPlugins: unary(() => new langproto.GetRequiredPluginsResponse()),
    getRequiredPackages: unary(() => new langproto.GetRequiredPackagesResponse()),
    about: unary(() => {
      const about = new langproto.AboutResponse();
      about.setExecutable(process.execPath);
      about.setVersion(process.version);
      return about;
    }),
    cancel: unary(() => new emptypb.Empty()),
    run: unary((request: RunRequest) => runProgram(request, engineAddress)),
  } as unknown as grpc.UntypedServiceImplementation,
);
const port = await new Promise<number>((resolve, reject) => {
  server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
    error ? reject(error) : resolve(bound),
  );
});
process.stdout.write(`${port}\n`);

// An engine that was killed tells nobody; the real host notices within five minutes that its address answers no more.
const engineProcess = process.ppid;
setInterval(() => {
  if (process.ppid !== engineProcess) end();
}, 1_000).unref();
