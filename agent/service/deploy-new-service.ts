import { readFile } from "node:fs/promises";
import { readWantedReleases, wantedOf } from "../../engine/state/wanted-releases.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import type { ReleaseChangeDocument } from "../../stack/documents/releases.ts";
import type { Model } from "../../stack/model.ts";
import { addService } from "../../stack/new-service/add-service.ts";
import { serviceSection } from "../../stack/new-service/service-section.ts";
import { upgrade } from "../upgrade/upgrade.ts";

export interface DeployNewServiceOptions {
  readonly model: Model;
  readonly service: string;
  readonly port: number;
  /** A folder with the service's modules and its lock, or an archive of one. */
  readonly path: string;
  readonly wheels?: string | undefined;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  /** Milliseconds that the stack may take to be healthy with it. */
  readonly patience: number;
  readonly now: () => Date;
}

/**
 * Adds a service to the definition and deploys it: an upgrade to the definition that has it, on trial like another.
 *
 * @throws StackError `definition-invalid` (a port or a name that is taken; 64), `release-not-healthy`: the stack is as it was;
 *   as `upgrade` and `makeRelease`
 */
export async function deployNewService(options: DeployNewServiceOptions): Promise<ReleaseChangeDocument> {
  const { model, service, port, path, wheels, patience, log, ...effects } = options;
  const since = options.now();
  const inForce = await readFile(model.paths.definition, "utf8");
  const section = serviceSection(service, port, model.definition);
  const text = addService(inForce, service, section, model.paths.definition);
  const { removed, seconds } = await upgrade({
    ...{ ...effects, model, log, wheels, plan: false, diff: false, noWayBack: false },
    ...{ target: undefined, definitionText: text, timeout: patience / 1000 },
    brought: async (name) => (name === service ? path : undefined),
    tell: (line) => log("info", line),
  }).catch(async (error: unknown) => {
    throw await explained(error, model, service, { since, run: effects.run });
  });
  const release = wantedOf(await readWantedReleases(model.paths.state), service);
  return { schemaVersion: 1, service, release, changed: true, removed, seconds };
}

const JOURNAL_LINES = 20;

/** With what the service wrote: its unit is gone by now, its journal is not. */
async function explained(
  error: unknown,
  { name }: Model,
  service: string,
  { since, run }: { readonly since: Date; readonly run: Run },
): Promise<unknown> {
  if (!isStackError(error) || error.code !== "upgrade-not-healthy") return error;
  const from = `--since=@${Math.floor(since.getTime() / 1000)}`;
  const unit = `_SYSTEMD_UNIT=${name}-${service}.service`;
  const words = ["--no-pager", "--output=cat", `--lines=${JOURNAL_LINES}`, from, unit];
  const journal = await run("journalctl", words).catch(() => ({ stdout: "" }));
  const wrote = journal.stdout.split("\n").filter((line) => line.trim() !== "");
  return new StackError("release-not-healthy", `${service} was not added to the stack: ${error.message}`, {
    detail: [...error.detail, ...wrote],
    hint: "correct it, and deploy it again; --timeout gives it more time",
    cause: error,
  });
}
