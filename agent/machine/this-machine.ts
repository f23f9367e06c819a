import { loadExecutors } from "../../components/agent.ts";
import { accountOwner, localIo } from "../../engine/actions/local-io.ts";
import { localFactReader } from "../../engine/facts/local-fact-reader.ts";
import { awaitPorts } from "../../engine/run/await-ports.ts";
import type { EngineOptions } from "../../engine/run/engine-options.ts";
import { engineTimeouts } from "../../engine/run/run-engine.ts";
import { trackTimeline } from "../../engine/run/timeline.ts";
import { readSecret } from "../../engine/secrets/read-secret.ts";
import { secretStore } from "../../engine/secrets/secret-store.ts";
import type { Stage } from "../../engine/stage.ts";
import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import type { Model } from "../../stack/model.ts";
import { releaseTemplates } from "./release-templates.ts";

export interface MachineOptions {
  readonly model: Model;
  readonly stages: readonly Stage[];
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** What the engine looks and acts through on this machine. */
export async function thisMachine(options: MachineOptions): Promise<EngineOptions> {
  const { model, log, signal } = options;
  const { paths } = model;
  const secrets = secretStore({
    stateDirectory: paths.state,
    secrets: model.secrets,
    given: model.givenSecrets,
    owner: accountOwner,
  });
  const io = localIo({
    run: options.run,
    log,
    signal,
    secrets,
    paths: { state: paths.state, run: paths.run },
  });
  return {
    stages: options.stages,
    model,
    executors: await loadExecutors(),
    io,
    reader: localFactReader({
      run: io.run,
      secrets,
      templates: releaseTemplates(process.argv[1]),
      runDirectory: paths.run,
    }),
    checks: { model, secret: (name) => readSecret(paths.state, name) },
    log,
    signal,
    now: Date.now,
    timeline: trackTimeline(Date.now),
    redact: secrets.redact,
    timeouts: engineTimeouts,
    opening: (stage) => {
      const own = model.ports.filter(({ owner, activated }) => owner === stage && !activated);
      return awaitPorts(
        own.map(({ port }) => port),
        signal,
      );
    },
  };
}
