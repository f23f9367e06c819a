import { createInterface } from "node:readline/promises";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { tellUsage } from "../lib/cli/tell-error.ts";
import { alignedLines } from "../lib/cli/text.ts";
import { ExitCode, isStackError, messageOf, StackError } from "../lib/error.ts";
import type { Log } from "../lib/log.ts";
import about from "../package.json" with { type: "json" };
import {
  type AgentCommand,
  agentCommands,
  agentExamples,
  agentExitCodes,
  agentFiles,
  agentGroups,
  agentSummary,
  type CommandSpec,
  type Example,
} from "../stack/components/agent/commands.ts";
import type { SendDatagram } from "./notify/datagram-sender.ts";
import type { SecretContext } from "./secrets/secret-context.ts";
import type { ServiceAction } from "./service/service-command.ts";

/*
 * Each command's code is imported when it is called: `--help` and `status` start fast.
 * Bundled as CommonJS: no top-level await.
 */

/**
 * @returns the exit code of the command that the arguments name
 * @throws what the command throws
 */
export async function program(args: readonly string[]): Promise<number> {
  let code: number = ExitCode.healthy;
  const end = (result: number): void => {
    code = result;
  };
  try {
    await commands(end).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError)
      return error.exitCode === 0 ? ExitCode.healthy : tellUsage(error.message, args);
    throw error;
  }
}

function commands(end: (code: number) => void): Command {
  const root = new Command("stack-agent")
    .description(agentSummary)
    .version(about.version)
    .exitOverride()
    .showHelpAfterError("(stack-agent --help tells more)")
    .addHelpText(
      "after",
      [
        ...exampleLines(agentExamples),
        ...["", "Exit codes:", ...rows(agentExitCodes)],
        ...["", "Files:", ...rows(agentFiles)],
        ...["", "stack-agent help COMMAND tells more of each command."],
      ].join("\n"),
    );

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
      const isAsked = process.stdin.isTTY;
      end(
        await interruptible((context) => {
          const ask = isAsked ? (question: string) => askOnTerminal(question, context.signal) : undefined;
          return resetCommand({ ...options, ...context, ask });
        }),
      );
    },
  );

  commandOf(root, "serve").action(async () => end(await (await import("./health/serve.ts")).serve()));

  commandOf(root, "status").action(
    async (options: { wait?: boolean; watch?: boolean; timeout: number; format: string }) =>
      end(await (await import("./status/status-command.ts")).statusCommand(options)),
  );

  commandOf(root, "drift").action(async (options: { json?: boolean }) => {
    const { driftCommand } = await import("./drift/drift-command.ts");
    end(await interruptible((context) => driftCommand({ ...options, ...context })));
  });

  commandOf(root, "health").action(async (component: string | undefined, options: { format: string }) => {
    const { healthCommand } = await import("./health/health-command.ts");
    end(await healthCommand({ ...options, ...(component === undefined ? {} : { component }) }));
  });

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
  commandOf(root, "service releases").action((service: string, options: { json?: boolean }) =>
    ofServices({ do: "releases", service }, options),
  );
  type Change = { wheels?: string; timeout: number; json?: boolean };
  commandOf(root, "service deploy").action((service: string, path: string, { json, ...how }: Change) =>
    ofServices({ do: "deploy", service, path, ...how }, { ...(json && { json }) }),
  );
  commandOf(root, "service rollback").action(
    (service: string, release: string | undefined, { json, timeout }: Change) =>
      ofServices({ do: "rollback", service, release, timeout }, { ...(json && { json }) }),
  );

  commandOf(root, "doctor").action(async (options: { json?: boolean }) => {
    const { doctorCommand } = await import("./doctor/doctor-command.ts");
    end(await interruptible((context) => doctorCommand({ ...options, ...context })));
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

  return root;
}

async function askOnTerminal(question: string, signal: AbortSignal): Promise<string> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return await terminal.question(question, { signal });
  } finally {
    terminal.close();
  }
}

/** The command as the table has it; what it does is still to be said. */
function commandOf(root: Command, name: AgentCommand): Command {
  const spec: CommandSpec = agentCommands[name];
  const [first = name, second] = name.split(" ");
  const [parent, word] = second === undefined ? [root, first] : [groupOf(root, first), second];
  const command = parent.command(word).description(spec.help);
  for (const { name: argument, help } of spec.arguments ?? []) command.argument(argument, help);
  for (const { flags, help, initial, values } of spec.options) {
    const option = new Option(flags, help);
    if (values === "seconds") option.argParser(seconds);
    if (initial !== undefined) option.default(initial);
    command.addOption(option);
  }
  const notes = spec.notes.flatMap((note) => ["", note]);
  return command.addHelpText("after", [...notes, ...exampleLines(spec.examples)].join("\n"));
}

/** What commands of two words are under. Alone it is not a command: it tells of those. */
function groupOf(root: Command, name: string): Command {
  const known = root.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const groups: Readonly<Record<string, string>> = agentGroups;
  return root.command(name).description(groups[name] ?? "");
}

function exampleLines(examples: readonly Example[]): readonly string[] {
  if (examples.length === 0) return [];
  return ["", "Examples:", ...rows(examples.map(({ command, help }) => [command, help]))];
}

function rows(pairs: readonly (readonly [string, string])[]): readonly string[] {
  return alignedLines(pairs.map(([first, second]) => [`  ${first}`, second]));
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("must be seconds, more than 0 and at most 86400.");
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
