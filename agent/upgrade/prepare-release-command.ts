import { loadReleases } from "../../components/agent.ts";
import { ExitCode, StackError } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { loadModel } from "../model/load-model.ts";

export interface PrepareReleaseOptions {
  /** The definition that would be in force. */
  readonly definition: string;
  /** Holds a folder with code and lock for each of the services. */
  readonly from: string;
  readonly wheels?: string;
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  /** Says what is done next. */
  readonly tell: (what: string) => void;
}

/**
 * `stack-agent release prepare SERVICE…`: makes the services' releases, as `service deploy` does, and puts none in
 * force. Prints their ids.
 *
 * @throws StackError as `makeRelease`
 */
export async function prepareReleaseCommand(
  names: readonly string[],
  { definition, from, wheels, signal, write, tell }: PrepareReleaseOptions,
): Promise<number> {
  const { services } = await loadModel(definition);
  const { makeRelease } = await loadReleases();
  const made: { service: string; id: string; isNew: boolean; folder: string }[] = [];
  for (const name of names) {
    const service = services.find((one) => one.name === name);
    if (service === undefined) throw new StackError("unknown-service", `the definition has no service ${name}`);
    const say = (what: string): void => tell(`${name}: ${what}`);
    const { release, isNew } = await makeRelease(service, `${from}/${name}`, {
      ...{ run, signal, wheels, now: new Date(), tell: say },
    });
    made.push({ service: name, id: release.id, isNew, folder: service.folder });
  }
  write(`${JSON.stringify({ schemaVersion: 1, made })}\n`);
  return ExitCode.healthy;
}
