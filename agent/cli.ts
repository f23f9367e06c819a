import { Command, CommanderError, InvalidArgumentError } from "commander";
import { describeError, ExitCode, errorDocument, isStackError } from "../lib/error.ts";
import { outliveReaders } from "../lib/outlive-readers.ts";
import about from "../package.json" with { type: "json" };
import { stageIds } from "./engine/stage.ts";

/*
 * Each command's code is imported when it is called: `--help` and `status` start fast, and
 * the idle agent holds nothing of provisioning. Bundled as CommonJS: no top-level await.
 */

const exitCodes = `
Exit codes:
  0    healthy, done, or nothing to do
  1    failed
  2    degraded
  3    still working
  64   used wrongly, or the stack definition is invalid
  130  interrupted (143: by SIGTERM)
`;

/** Milliseconds after a command's end in which what it left open may close. */
const LAST_MOMENT = 500;

/** @returns the exit code */
export async function main(args: readonly string[]): Promise<number> {
  let code: number = ExitCode.healthy;
  const end = (result: number): void => {
    code = result;
  };
  try {
    await program(end).parseAsync([...args], { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.healthy : ExitCode.usage;
    process.stderr.write(`${args.includes("--json") ? JSON.stringify(errorDocument(error)) : describeError(error)}\n`);
    return isStackError(error) ? error.exit : ExitCode.failed;
  }
}

function program(end: (code: number) => void): Command {
  const root = new Command("stack-agent")
    .description("Provisions this machine's stack, keeps watch over it, and tells how it stands.")
    .version(about.version)
    .exitOverride()
    .showHelpAfterError("(stack-agent --help tells more)")
    .addHelpText("after", exitCodes);

  root
    .command("provision")
    .description("bring the stack to what its definition says; does only what is missing")
    .option("--plan", "say what would be done, and change nothing")
    .option("--json", "print the plan, or how it ended, as JSON")
    .option("--only <stage>", "this stage alone")
    .option("--from <stage>", "this stage and those that need it")
    .addHelpText("after", () => `\nStages: ${stageIds.join(", ")}`)
    .action(async (options: { plan?: boolean; json?: boolean; only?: string; from?: string }) => {
      const [{ provisionCommand }, { openLog }, { datagramSender }] = await Promise.all([
        import("./provision/command.ts"),
        import("./journal/journal.ts"),
        import("./notify/datagram.ts"),
      ]);
      const [, file] = process.argv;
      const log = openLog({ environment: process.env, program: file, send: datagramSender(file) });
      const stop = stopSignal();
      try {
        const write = (text: string): void => void process.stdout.write(text);
        end(await provisionCommand({ ...options, log, signal: stop.signal, write, userId: process.geteuid?.() }));
      } catch (error) {
        if (!stop.signal.aborted) throw error;
        process.stderr.write(`${describeError(error)}\n`);
        end(stop.exit());
      }
    });

  root
    .command("serve")
    .description("answer /health and run the jobs, until told to stop (stack-agent.service)")
    .action(async () => end(await (await import("./health/serve.ts")).serve()));

  root
    .command("status")
    .description("how the stack stands: stages, components, jobs, memory")
    .option("--wait", "wait until it is healthy or has failed")
    .option("--timeout <seconds>", "how long to wait at most", seconds, 300)
    .option("--format <format>", "table or json", "table")
    .action(async (options: { wait?: boolean; timeout: number; format: string }) =>
      end(await (await import("./status/command.ts")).statusCommand(options)),
    );

  root
    .command("health")
    .description("what the health checks last found")
    .argument("[component]", "one component or service; default all")
    .option("--format <format>", "table or json", "table")
    .action(async (component: string | undefined, options: { format: string }) => {
      const { healthCommand } = await import("./health/command.ts");
      end(await healthCommand({ ...options, ...(component === undefined ? {} : { component }) }));
    });

  return root;
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("must be seconds, more than 0 and at most 86400.");
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

outliveReaders(process);
void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code;
  // A client that a failed stage left open must not keep a boot waiting.
  setTimeout(() => process.exit(), LAST_MOMENT).unref();
});
