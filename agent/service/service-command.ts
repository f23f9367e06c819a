import { loadReleases } from "../../components/agent.ts";
import { ExitCode } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { changeText, releasesTable, servicesTable } from "./service-tables.ts";

/** What is asked for; `timeout` is the seconds that a release may take to be healthy. */
export type ServiceAction =
  | { readonly do: "ls" }
  | { readonly do: "releases"; readonly service: string }
  | {
      readonly do: "deploy";
      readonly service: string;
      readonly path: string;
      readonly wheels?: string;
      readonly timeout: number;
    }
  | {
      readonly do: "rollback";
      readonly service: string;
      readonly release: string | undefined;
      readonly timeout: number;
    };

interface Effects {
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Standard output. */
  readonly write: (text: string) => void;
  /** Of this process; undefined where the system has none. */
  readonly userId: number | undefined;
}

/**
 * `stack-agent service ls|releases|deploy|rollback`.
 *
 * @returns 0
 * @throws StackError `not-root`, `already-running`, as deployService and rollbackService
 */
export async function serviceCommand(
  action: ServiceAction,
  { json, ...effects }: Effects & { readonly json?: boolean },
): Promise<number> {
  const tell = <T extends object>(document: T, text: (document: T) => string): number => {
    effects.write(json ? `${JSON.stringify(document)}\n` : text(document));
    return ExitCode.healthy;
  };
  if (action.do === "deploy" || action.do === "rollback") requireRoot(`service ${action.do}`, effects.userId);
  const model = await loadModel();
  const releases = await loadReleases();
  switch (action.do) {
    case "ls":
      return tell(await releases.describeServices(model), servicesTable);
    case "releases":
      return tell(await releases.describeReleases(model, action.service), releasesTable);
    case "deploy":
      return tell(await releases.deployService({ ...change(action, model, effects), ...action }), changeText);
    case "rollback":
      return tell(await releases.rollbackService({ ...change(action, model, effects), ...action }), changeText);
  }
}

function change({ timeout }: { readonly timeout: number }, model: Model, { log, signal }: Effects) {
  return { model, run, log, signal, patience: timeout * 1000, now: () => new Date() };
}
