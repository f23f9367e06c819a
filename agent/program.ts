import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import { ExitCode, isStackError, messageOf, StackError } from "../lib/error.ts";
import type { Log } from "../lib/log.ts";
import type { AgentCommand } from "../stack/components/agent/commands.ts";
import type { BackupAction } from "./backup/backup-command.ts";
import { carryOut } from "./cli/carry-out.ts";
import { commandOf } from "./cli/command-of.ts";
import type { ClusterAction } from "./cluster/cluster-command.ts";
import type { HandoverAction } from "./handover/handover-command.ts";
import type { SendDatagram } from "./notify/datagram-sender.ts";
import type { SecretContext } from "./secrets/secret-context.ts";
import type { ServiceAction } from "./service/service-command.ts";
import { registerStatus } from "./status/status-program.ts";
import type { UpgradeFlags } from "./upgrade/upgrade-command.ts";

/*
 * Each command's code is imported when it is called: `--help` starts fast.
 * Bundled as CommonJS: no top-level await.
 */

/** @returns the exit code of the command that the arguments name; its error is told */
export function program(args: readonly string[]): Promise<number> {
  return carryOut(args, registerAll);
}

function registerAll(root: Command, end: (code: number) => void): void {
  commandOf(root, "provision").action(
    async (options: { plan?: boolean; diff?: boolean; json?: boolean; only?: string; from?: string }) => {
      const { provisionCommand } = await import("./provision/provision-command.ts");
      end(await interruptible((context) => provisionCommand({ ...options, ...context })));
    },
  );

  commandOf(root, "reset").action(
    async (options: {
      plan?: boolean;
      json?: boolean;
      only?: string;
      withData?: boolean;
      force?: boolean;
      yes?: boolean;
    }) => {
      const { resetCommand } = await import("./reset/reset-command.ts");
      end(await interruptible((context) => resetCommand({ ...options, ...context, ask: asker(context.signal) })));
    },
  );

  commandOf(root, "serve").action(async () => end(await (await import("./health/serve.ts")).serve()));

  registerStatus(root, end);

  commandOf(root, "drift").action(async (options: { json?: boolean }) => {
    const { driftCommand } = await import("./drift/drift-command.ts");
    end(await interruptible((context) => driftCommand({ ...options, ...context })));
  });

  commandOf(root, "health").action(
    async (component: string | undefined, options: { format: string; json?: boolean }) => {
      const { healthCommand } = await import("./health/health-command.ts");
      end(await healthCommand({ ...options, ...(component === undefined ? {} : { component }) }));
    },
  );

  commandOf(root, "logs").action(
    async (component: string | undefined, options: { follow?: boolean; since?: string; lines?: string }) => {
      const { logsCommand } = await import("./logs/logs-command.ts");
      end(await logsCommand({ ...options, ...(component === undefined ? {} : { component }) }));
    },
  );

  const ofServices = async (action: ServiceAction, options: { json?: boolean }): Promise<void> => {
    const { serviceCommand } = await import("./service/service-command.ts");
    end(await interruptible((context) => serviceCommand(action, { ...options, ...context })));
  };
  commandOf(root, "service ls").action((options: { json?: boolean }) => ofServices({ do: "ls" }, options));
  commandOf(root, "service new").action(
    async (name: string, options: { port?: number; output?: string; json?: boolean }) => {
      const { newServiceCommand } = await import("./service/new-service-command.ts");
      const write = (text: string): void => void process.stdout.write(text);
      end(await newServiceCommand(name, { ...options, write }));
    },
  );
  commandOf(root, "service releases").action((service: string, options: { json?: boolean }) =>
    ofServices({ do: "releases", service }, options),
  );
  type Change = { wheels?: string; port?: number; timeout: number; json?: boolean };
  commandOf(root, "service deploy").action((service: string, path: string, { json, ...how }: Change) =>
    ofServices({ do: "deploy", service, path, ...how }, { ...(json && { json }) }),
  );
  commandOf(root, "service rollback").action(
    (service: string, release: string | undefined, { json, timeout }: Change) =>
      ofServices({ do: "rollback", service, release, timeout }, { ...(json && { json }) }),
  );

  commandOf(root, "upgrade").action(async (release: string | undefined, options: UpgradeFlags) => {
    const { upgradeCommand } = await import("./upgrade/upgrade-command.ts");
    const writeAside = (text: string): void => void process.stderr.write(text);
    end(await interruptible((context) => upgradeCommand(release, options, { ...context, writeAside })));
  });
  commandOf(root, "release ls").action(async (options: { json?: boolean }) => {
    const { listStackReleasesCommand } = await import("./upgrade/upgrade-command.ts");
    end(await interruptible(({ write }) => listStackReleasesCommand({ ...options, write })));
  });
  commandOf(root, "release plan").action(async (options: { definition: string; diff?: boolean }) => {
    const { planReleaseCommand } = await import("./upgrade/plan-release-command.ts");
    end(await interruptible((context) => planReleaseCommand({ ...options, ...context })));
  });
  type Prepare = { definition: string; from: string; wheels?: string };
  commandOf(root, "release prepare").action(async (services: string[], options: Prepare) => {
    const { prepareReleaseCommand } = await import("./upgrade/prepare-release-command.ts");
    const tell = (line: string): void => void process.stderr.write(`${line}\n`);
    end(await interruptible((context) => prepareReleaseCommand(services, { ...options, ...context, tell })));
  });

  commandOf(root, "doctor").action(async (options: { json?: boolean; fix?: boolean; yes?: boolean }) => {
    const { doctorCommand } = await import("./doctor/doctor-command.ts");
    end(await interruptible((context) => doctorCommand({ ...options, ...context, ask: asker(context.signal) })));
  });
  commandOf(root, "support-bundle").action(async (options: { output?: string; since: string; json?: boolean }) => {
    const { supportBundleCommand } = await import("./support/support-bundle-command.ts");
    end(await interruptible((context) => supportBundleCommand({ ...options, ...context })));
  });
  commandOf(root, "analyze").action(async (options: { firstBoot?: boolean; json?: boolean }) =>
    end(await (await import("./analyze/analyze-command.ts")).analyzeCommand(options)),
  );

  type SecretsUse = (context: SecretContext & Pick<CommandContext, "log">) => Promise<number>;
  const ofSecrets = async (command: AgentCommand, use: SecretsUse): Promise<void> => {
    const { secretContext } = await import("./secrets/secret-context.ts");
    end(await interruptible(async (context) => use({ ...(await secretContext(command, context)), log: context.log })));
  };
  commandOf(root, "secrets ls").action((options: { json?: boolean }) =>
    ofSecrets("secrets ls", async ({ model, write }) => {
      const { listSecretsCommand } = await import("./secrets/list-secrets-command.ts");
      return listSecretsCommand(model, { ...options, write });
    }),
  );
  commandOf(root, "secrets set").action((secret: string) =>
    ofSecrets("secrets set", async (context) => {
      const { setSecretCommand } = await import("./secrets/set-secret-command.ts");
      const { readValue } = await import("./secrets/read-value.ts");
      return setSecretCommand(secret, context, () => readValue(secret, context));
    }),
  );
  commandOf(root, "secrets unset").action((secret: string) =>
    ofSecrets("secrets unset", async (context) => {
      const { unsetSecretCommand } = await import("./secrets/unset-secret-command.ts");
      return unsetSecretCommand(secret, context);
    }),
  );
  commandOf(root, "secrets show").action((secret: string) =>
    ofSecrets("secrets show", async (context) => {
      const { showSecretCommand } = await import("./secrets/show-secret-command.ts");
      return showSecretCommand(secret, context);
    }),
  );
  commandOf(root, "secrets rotate").action((secrets: string[], options: { all?: boolean; json?: boolean }) =>
    ofSecrets("secrets rotate", async (context) => {
      const { rotateSecretsCommand } = await import("./secrets/rotate-secrets-command.ts");
      return rotateSecretsCommand(secrets, { ...options, log: context.log }, context);
    }),
  );

  const ofCluster = async (action: ClusterAction, options: { json?: boolean }): Promise<void> => {
    const { clusterCommand } = await import("./cluster/cluster-command.ts");
    const writeAside = (text: string): void => void process.stderr.write(text);
    end(await interruptible((context) => clusterCommand(action, { ...options, ...context, writeAside })));
  };
  commandOf(root, "cluster init").action((options: { json?: boolean }) => ofCluster({ do: "init" }, options));
  commandOf(root, "cluster token").action(({ ttl, ...options }: { ttl: number; json?: boolean }) =>
    ofCluster({ do: "token", ttl: Number(ttl) }, options),
  );
  commandOf(root, "cluster join").action(
    async (token: string | undefined, { address, ...options }: { address?: string; json?: boolean }) => {
      const { readValue } = await import("./secrets/read-value.ts");
      const given = async (): Promise<string> =>
        token ?? (await readValue("token", { signal: new AbortController().signal })).toString("utf8");
      await ofCluster({ do: "join", token: given, address }, options);
    },
  );
  commandOf(root, "cluster status").action((options: { json?: boolean }) => ofCluster({ do: "status" }, options));
  commandOf(root, "cluster listen").action(() => ofCluster({ do: "listen" }, {}));

  const ofBackups = async (action: BackupAction, options: { json?: boolean }): Promise<void> => {
    const { backupCommand } = await import("./backup/backup-command.ts");
    end(await interruptible((context) => backupCommand(action, { ...options, ...context })));
  };
  commandOf(root, "backup now").action(
    ({ type, withMessages, ...options }: { type: string; withMessages?: boolean; json?: boolean }) =>
      ofBackups({ do: "now", type, messages: withMessages === true }, options),
  );
  commandOf(root, "backup ls").action((options: { json?: boolean }) => ofBackups({ do: "ls" }, options));
  commandOf(root, "backup check").action((options: { json?: boolean }) => ofBackups({ do: "check" }, options));
  commandOf(root, "restore").action(
    async (options: { to?: string; from?: string; key?: string; parts?: string; yes?: boolean; json?: boolean }) => {
      const { restoreCommand } = await import("./backup/restore-command.ts");
      const isAsked = process.stdin.isTTY;
      end(
        await interruptible((context) => {
          const ask = isAsked ? (question: string) => askOnTerminal(question, context.signal) : undefined;
          return restoreCommand({ ...options, ...context, ask });
        }),
      );
    },
  );

  const ofHandover = async (action: HandoverAction): Promise<void> => {
    const { handoverCommand } = await import("./handover/handover-command.ts");
    end(await interruptible((context) => handoverCommand(action, context)));
  };
  type Lease = { lease: number };
  commandOf(root, "handover look").action(() => ofHandover({ do: "look" }));
  commandOf(root, "handover begin").action((how: Partial<Lease>) => ofHandover({ do: "begin", ...how }));
  commandOf(root, "handover renew").action((how: Lease) => ofHandover({ do: "renew", ...how }));
  commandOf(root, "handover send").action((what: string) => ofHandover({ do: "send", what }));
  commandOf(root, "handover receive").action((what: string, how: { definition?: string }) =>
    ofHandover({ do: "receive", what, ...how }),
  );
  commandOf(root, "handover end").action(() => ofHandover({ do: "end" }));

  commandOf(root, "job ls").action(async (options: { json?: boolean }) =>
    end(await (await import("./jobs/list-jobs-command.ts")).listJobsCommand(options)),
  );
  commandOf(root, "job run").action(async (job: string, options: { json?: boolean }) => {
    const { runJobCommand } = await import("./jobs/run-job-command.ts");
    end(await interruptible((context) => runJobCommand({ job, ...options, ...context })));
  });
  commandOf(root, "job perform").action(async (job: string) => {
    const { performJobCommand } = await import("./jobs/perform-job-command.ts");
    end(await interruptible((context) => performJobCommand({ job, ...context })));
  });
}

/** Undefined where nobody sits at a terminal. */
function asker(signal: AbortSignal): ((question: string) => Promise<string>) | undefined {
  return process.stdin.isTTY ? (question) => askOnTerminal(question, signal) : undefined;
}

async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}

interface CommandContext {
  readonly log: Log;
  /** For journald; undefined where there is no addon. */
  readonly send: SendDatagram | undefined;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly userId: number | undefined;
}

/** A command of root's that ends in order on a signal, with the signal's exit code. */
async function interruptible(command: (context: CommandContext) => Promise<number>): Promise<number> {
  const [{ openLog }, { datagramSender }] = await Promise.all([
    import("./journal/open-log.ts"),
    import("./notify/datagram-sender.ts"),
  ]);
  const [, file] = process.argv;
  const send = datagramSender(file);
  const log = openLog({ environment: process.env, program: file, send });
  const stop = stopSignal();
  try {
    const write = (text: string): void => void process.stdout.write(text);
    return await command({ log, send, signal: stop.signal, write, userId: process.geteuid?.() });
  } catch (error) {
    if (!stop.signal.aborted) throw error;
    const { code, message, hint, detail, cause } = isStackError(error)
      ? error
      : new StackError("aborted", messageOf(error));
    throw new StackError(code, message, { hint, detail, cause, exit: stop.exit() });
  }
}

/** Aborts on the first SIGTERM or SIGINT; the exit code is then 128 + the signal. */
function stopSignal(): { readonly signal: AbortSignal; readonly exit: () => number } {
  const controller = new AbortController();
  let exit: number = ExitCode.interrupted;
  const on = (name: NodeJS.Signals, code: number): void => {
    process.once(name, () => {
      exit = code;
      controller.abort(name);
    });
  };
  on("SIGTERM", ExitCode.terminated);
  on("SIGINT", ExitCode.interrupted);
  // A lost terminal: end as cleanly.
  on("SIGHUP", ExitCode.terminated);
  return { signal: controller.signal, exit: () => exit };
}
