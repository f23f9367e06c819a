import { loadReleases } from "../../components/agent.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import { serviceActions } from "../../stack/components/agent/commands.ts";
import type { Model } from "../../stack/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { changeText, releasesTable, servicesTable } from "./service-tables.ts";

export interface ServiceCommandOptions {
  readonly action: string;
  readonly service?: string | undefined;
  /** Of deploy the folder or archive, of rollback the release. */
  readonly what?: string | undefined;
  readonly wheels?: string;
  /** Seconds that a release may take to be healthy. */
  readonly timeout: number;
  readonly json?: boolean;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent service deploy|ls|releases|rollback`.
 *
 * @returns 0
 * @throws StackError usage (64), `not-root`, `already-running`, as deployService and rollbackService
 */
export async function serviceCommand(options: ServiceCommandOptions): Promise<number> {
  const { action, service, what, json, write } = options;
  const tell = <T extends object>(document: T, text: (document: T) => string): number => {
    write(json ? `${JSON.stringify(document)}\n` : text(document));
    return ExitCode.healthy;
  };
  const model = await loadModel();
  const releases = await loadReleases();
  switch (action) {
    case "ls":
      refuseMore(service, "ls");
      return tell(await releases.describeServices(model), servicesTable);
    case "releases":
      refuseMore(what, "releases NAME");
      return tell(await releases.describeReleases(model, needed(service, "releases NAME")), releasesTable);
    case "deploy": {
      const name = needed(service, "deploy NAME FOLDER");
      const path = needed(what, "deploy NAME FOLDER");
      requireRoot("service deploy", options.userId);
      const { wheels } = options;
      return tell(await releases.deployService({ ...change(options, model, name), path, wheels }), changeText);
    }
    case "rollback": {
      const name = needed(service, "rollback NAME [RELEASE]");
      requireRoot("service rollback", options.userId);
      return tell(await releases.rollbackService({ ...change(options, model, name), release: what }), changeText);
    }
    default:
      throw usage(`there is no ${action}; there are ${serviceActions.join(", ")}`);
  }
}

function change({ log, signal, timeout }: ServiceCommandOptions, model: Model, service: string) {
  return { model, service, run, log, signal, patience: timeout * 1000, now: () => new Date() };
}

function needed(value: string | undefined, form: string): string {
  if (value === undefined) throw usage(`say more: stack-agent service ${form}`);
  return value;
}

function refuseMore(value: string | undefined, form: string): void {
  if (value !== undefined) throw usage(`that is one word too many: stack-agent service ${form}`);
}

function usage(message: string): StackError {
  return new StackError("usage", message, { hint: "stack-agent help service", exit: ExitCode.usage });
}
