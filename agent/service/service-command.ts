import { loadReleases } from "../../components/agent.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import { requireRoot } from "../cli/require-root.ts";
import { loadModel } from "../model/load-model.ts";
import { refuseCutOff } from "../trial/settle-trial.ts";
import { deployNewService } from "./deploy-new-service.ts";
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
      /** Of a service that the definition has not. */
      readonly port?: number;
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
  if (action.do === "deploy" || action.do === "rollback") {
    requireRoot(`service ${action.do}`, effects.userId);
    await refuseCutOff(run);
  }
  const model = await loadModel();
  const releases = await loadReleases();
  switch (action.do) {
    case "ls":
      return tell(await releases.describeServices(model), servicesTable);
    case "releases":
      return tell(await releases.describeReleases(model, action.service), releasesTable);
    case "deploy":
      if (action.port !== undefined && !isKnown(model, action, action.port)) {
        const added = await deployNewService({
          ...change(action, model, effects),
          ...action,
          port: action.port,
        });
        return tell(added, changeText);
      }
      return tell(await releases.deployService({ ...change(action, model, effects), ...action }), changeText);
    case "rollback":
      return tell(await releases.rollbackService({ ...change(action, model, effects), ...action }), changeText);
  }
}

/** @throws StackError `other-port`, exit 64: of a service that is there a deployment changes no settings */
function isKnown({ services }: Model, { service }: { readonly service: string }, port: number): boolean {
  const found = services.find(({ name }) => name === service);
  if (found === undefined || found.port === port) return found !== undefined;
  throw new StackError("other-port", `${service} is there, and has port ${found.port}`, {
    hint: "without --port it gets another release; another port is another definition: stack-agent upgrade --definition",
    exit: ExitCode.usage,
  });
}

function change({ timeout }: { readonly timeout: number }, model: Model, { log, signal }: Effects) {
  return { model, run, log, signal, patience: timeout * 1000, now: () => new Date() };
}
