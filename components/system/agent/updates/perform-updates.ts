import { isStackError, messageOf, StackError } from "../../../../lib/error.ts";
import type { Log } from "../../../../lib/log.ts";
import { commandLine, type Run } from "../../../../lib/run.ts";
import type { Model } from "../../../../stack/model.ts";
import { aptGet } from "../packages.ts";
import { isOfTemplate } from "./is-of-template.ts";
import { noteUpdates } from "./look-for-updates.ts";
import { listsAsked } from "./pending-updates.ts";
import { restartSteps } from "./restart-steps.ts";

export interface PerformUpdatesOptions {
  readonly model: Model;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Milliseconds. Packages are unpacked beside a stack at work, and nothing of that is cut off. */
const INSTALLING = 90 * 60_000;

/**
 * The turn of the schedule `updates.schedule`: asks the archives, has unattended-upgrades install security
 * updates and restarts what runs files that they replaced, where the definition says so. On a machine that is not
 * of the template it looks only.
 *
 * @throws StackError of apt, `updates-failed`, `restart-failed`; a stack that never reached an archive, and
 *   isn't told to install anything, is without a network, which is no fault
 */
export async function performUpdates(options: PerformUpdatesOptions): Promise<void> {
  const { model, run, signal } = options;
  const { security, restart } = model.definition.updates;
  const look = () => noteUpdates({ runFolder: model.paths.run, run, signal });
  if (!isOfTemplate(model.paths.share)) return void (await look());
  try {
    await aptGet(["--option=APT::Update::Error-Mode=any", "update"], { run: withSignal(run, signal) });
  } catch (error) {
    await look();
    if (!security && (await listsAsked()) === undefined && isNetwork(error)) return;
    throw error;
  }
  if (security) await installSecurityUpdates(options);
  const found = await look();
  if (!security || !restart) return;
  await restartOutdated(restartSteps(found, model), options);
  await look();
}

function withSignal(run: Run, signal: AbortSignal): Run {
  return (command, args, options) => run(command, args, { ...options, signal });
}

function isNetwork(error: unknown): boolean {
  return isStackError(error) && ["network", "download-failed", "timeout"].includes(error.code);
}

/** What it installs is /etc/apt/apt.conf.d/52stack-updates's to say; what it did is in /var/log/unattended-upgrades. */
async function installSecurityUpdates({ run, signal, log }: PerformUpdatesOptions): Promise<void> {
  try {
    await run("unattended-upgrade", ["--verbose"], {
      env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", LC_ALL: "C.UTF-8" },
      timeout: INSTALLING,
      signal,
      install: "stack-agent provision",
      onLine: (line) => log("info", line),
    });
  } catch (error) {
    if (signal.aborted || !isStackError(error)) throw error;
    throw new StackError("updates-failed", "security updates could not all be installed", {
      cause: error,
      detail: error.detail,
      hint: "less /var/log/unattended-upgrades/unattended-upgrades.log; apt-get -f install; stack-agent job run updates",
    });
  }
}

/** One after the other, each up before the next: a stack at work loses one server at a time. */
async function restartOutdated(
  steps: ReturnType<typeof restartSteps>,
  { run, signal, log }: PerformUpdatesOptions,
): Promise<void> {
  const failed: string[] = [];
  for (const { unit, command, felt } of steps) {
    if (felt === "machine") continue;
    const [program, ...args] = command;
    log("notice", `${unit} runs what an update has replaced: ${commandLine(program, args)}`);
    try {
      await run(program, args, { signal, timeout: 5 * 60_000 });
    } catch (error) {
      if (signal.aborted) throw error;
      failed.push(`${unit}: ${messageOf(error)}`);
    }
  }
  if (failed.length === 0) return;
  throw new StackError("restart-failed", "not all that runs replaced files could be restarted", {
    detail: failed,
    hint: "stack-agent status; stack-agent provision",
  });
}
