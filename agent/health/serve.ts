import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { loadChecks } from "../../components/agent.ts";
import type { CheckContext } from "../../engine/check.ts";
import { readSecret } from "../../engine/secrets/read-secret.ts";
import { systemClock } from "../../lib/clock.ts";
import { run } from "../../lib/run.ts";
import { stackJobs } from "../jobs/jobs.ts";
import { openLog } from "../journal/open-log.ts";
import { loadModelApart } from "../model/load-model-apart.ts";
import { datagramSender } from "../notify/datagram-sender.ts";
import { notifier } from "../notify/notifier.ts";
import { releaseMemory } from "./release-memory.ts";
import { runAgent } from "./run-agent.ts";

export interface ServeOptions {
  /** Default `/etc/stack-agent/stack.yaml`. */
  readonly definitionPath?: string;
  /** Where secrets are; default the model's. */
  readonly stateFolder?: string;
  /** Where progress.json is; default the model's. */
  readonly runFolder?: string;
  /** Default every address, IPv4 and IPv6. */
  readonly host?: string;
}

/** From the signal to the process's end at most, milliseconds, whatever a client does. */
const lastMoment = 800;

/** From the start until what it needed has long been used, milliseconds. */
const settled = 20_000;
/** From then on: what lives for as long as a look's result counts as old to V8, which lets a megabyte a minute of it pile up. */
const releaseEvery = 120_000;

/**
 * `stack-agent serve`: runs until SIGTERM or SIGINT.
 *
 * @returns the exit code, 0
 * @throws StackError what `loadModel` and `runAgent` throw
 */
export async function serve(options: ServeOptions = {}): Promise<number> {
  const stopped = new Promise<void>((resolve) => {
    process.once("SIGTERM", () => resolve());
    process.once("SIGINT", () => resolve());
  });
  const send = datagramSender(process.argv[1]);
  // The addon brings libsystemd and what that needs, a megabyte; systemd is told by datagrams anyway.
  const program = send === undefined ? process.argv[1] : undefined;
  const log = openLog({ environment: process.env, program, send });
  const model = await loadModelApart(process.argv[1], options.definitionPath);
  const stateFolder = options.stateFolder ?? model.paths.state;
  const context: CheckContext = { model, secret: (name) => readSecret(stateFolder, name) };
  const agent = await runAgent({
    model,
    load: async () => ({ checks: await loadChecks(model), jobs: await stackJobs(model) }),
    context,
    runFolder: options.runFolder ?? model.paths.run,
    host: options.host,
    port: model.definition.agent.port,
    // A template has them beside the program.
    pageFolder: dirname(realpathSync(process.argv[1] ?? process.execPath)),
    run,
    clock: systemClock,
    log,
    notifier: notifier({
      environment: process.env,
      pid: process.pid,
      send,
      onError: (error) => log("warning", `systemd could not be told: ${String(error)}`),
    }),
  });
  log("info", `answering on port ${agent.port}`);
  setTimeout(releaseMemory, settled).unref();
  setInterval(releaseMemory, releaseEvery).unref();
  await stopped;
  // Unreferenced: it only acts where something still holds the process after all was stopped.
  setTimeout(() => process.exit(0), lastMoment).unref();
  await agent.stop();
  return 0;
}
