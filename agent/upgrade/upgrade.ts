import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { loadReleases } from "../../components/agent.ts";
import { readPackages } from "../../engine/facts/read-packages.ts";
import { disksOf, explainFullDisk } from "../../engine/run/explain-full-disk.ts";
import { type EngineLock, lendLock, takeLock } from "../../engine/run/take-lock.ts";
import { markStale, monotonicMicroseconds } from "../../engine/state/stale.ts";
import { readWantedReleases, wantedReleasesPath, wantRelease } from "../../engine/state/wanted-releases.ts";
import { ExitCode, messageOf, StackError } from "../../lib/error.ts";
import { exists, linkAtomic, readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Log } from "../../lib/log.ts";
import type { Run } from "../../lib/run.ts";
import { agentCurrentLink, agentReleaseFolder } from "../../stack/agent-releases.ts";
import type { PlanDocument } from "../../stack/documents/plan.ts";
import {
  releaseDefinitionName,
  type StackReleaseDocument,
  servicesFolderName,
  type UpgradeDocument,
} from "../../stack/documents/stack-release.ts";
import { statusDocument } from "../../stack/documents/status.ts";
import type { Model } from "../../stack/model.ts";
import { currentTarget, releaseZero } from "../../stack/releases.ts";
import { historyPath } from "../trial/release-history.ts";
import { removeAdded } from "../trial/remove-added.ts";
import { beginTrial, endTrial, readTrial, type Trial, undoTrial, upgradeWork } from "../trial/trial.ts";
import { markProven, pruneUnproven } from "../trial/unproven.ts";
import {
  addedServices,
  type BroughtServices,
  deployedServices,
  findBrought,
  type MadeRelease,
  makeBrought,
  removeMade,
} from "./brought-services.ts";
import { type ChosenDefinition, chooseDefinition } from "./choose-definition.ts";
import { type ChosenServices, chooseServices } from "./choose-services.ts";
import { layRelease } from "./lay-release.ts";
import { openPackage } from "./open-package.ts";
import { applyOwnFiles, type OwnChanges, ownChanges, settleOwnFiles } from "./own-files.ts";
import { leftBehind, refuseMoves, refuseNoWayBack, refuseOther } from "./refuse-other.ts";
import { jsonFrom, releaseProgram, saidBy } from "./release-program.ts";
import { currentRelease, pruneStackReleases, readRelease } from "./stack-releases.ts";
import { type StackTraits, stackTraits } from "./stack-traits.ts";
import { watchServices } from "./watch-services.ts";

/*
 * What holds of every upgrade:
 *
 * 1. Nothing is in force before its signature, its content and what it would do were looked at.
 * 2. The release that is in force carries it out: only planning, the services' releases and provisioning are the
 *    coming one's, by its own program. So a release that can do nothing is taken back too.
 * 3. All of it is done under the engine's lock, which the coming program is lent.
 * 4. Until it has proven itself it is on trial (trial.ts): a failure, a signal or a power cut takes it back.
 */

export interface UpgradeOptions {
  readonly model: Model;
  readonly run: Run;
  readonly log: Log;
  readonly signal: AbortSignal;
  readonly now: () => Date;
  /** A package, or the id of a release that is there; undefined: the one in force. */
  readonly target: string | undefined;
  /** A definition's file. */
  readonly definition?: string | undefined;
  /** A definition itself, in the place of a file. */
  readonly definitionText?: string | undefined;
  readonly brought?: BroughtServices | undefined;
  readonly plan: boolean;
  readonly diff: boolean;
  readonly noWayBack: boolean;
  readonly wheels?: string | undefined;
  readonly trust?: string | undefined;
  /** Seconds that it may take to be healthy once it is provisioned. */
  readonly timeout: number;
  /** A line of progress. */
  readonly tell: (line: string) => void;
}

/** A release that is there, and whether it came now. */
interface Target {
  readonly record: StackReleaseDocument;
  readonly isNew: boolean;
}

/** All that is decided before anything changes. */
interface Intent {
  readonly target: Target;
  readonly running: StackReleaseDocument;
  readonly definition: ChosenDefinition;
  /** Where that lies until it is in force. */
  readonly definitionPath: string;
  readonly services: ChosenServices;
  /** Folders or archives of the code of services that neither release nor machine has, by name. */
  readonly brought: ReadonlyMap<string, string>;
  readonly own: OwnChanges;
  readonly noWayBack: readonly string[];
  readonly left: readonly string[];
  readonly plan: PlanDocument;
}

/** Milliseconds: provisioning may rewrite tables of years, and packages come over a network. */
const PROVISION_TIMEOUT = 60 * 60_000;
/** Seconds for the release before, however little the other was given. */
const LEAST_PATIENCE = 120;
/** Milliseconds between the look that finds all well and the one that finds it still is. */
const AGAIN_AFTER = 3_000;

/**
 * Puts a release of the stack in force, another definition, or both; or plans it.
 *
 * @throws StackError what speaks against it (refuse-other.ts, open-package.ts), before anything changed;
 *   `upgrade-not-healthy`: the release before is in force again
 */
export async function upgrade(options: UpgradeOptions): Promise<UpgradeDocument> {
  const { model, run, now } = options;
  const began = now().getTime();
  if (!(await exists(`${model.paths.share}/manifest.json`))) {
    throw new StackError("bare-host", "this machine is not of a template: its package upgrades it", {
      hint: "build-template deb, then deploy-template FILE.deb --host root@server",
    });
  }
  const lock = await takeLock(model.paths.run, run);
  try {
    await rm(upgradeWork, { recursive: true, force: true });
    await mkdir(upgradeWork, { mode: 0o700 });
    await refuseUndecided(model);
    await pruneUnproven(model.paths.state);
    const current = await currentRelease();
    const running = await recordOf(current);
    const target = await findTarget(options, running);
    let isKept = false;
    try {
      const intent = await prepareIntent(options, target, running);
      const told = { ...documentOf(intent, current), seconds: 0 };
      const isSame = target.record.id === current && (await inForce(model)) === intent.definition.text;
      if (options.plan || isSame) return { ...told, planned: options.plan, changed: !isSame };
      const without = await carryOut(intent, lock, options);
      isKept = true;
      await markProven(target.record.id);
      const removed = await pruneStackReleases(target.record.id, current);
      return { ...told, changed: true, without, removed, seconds: (now().getTime() - began) / 1000 };
    } finally {
      if (target.isNew && !isKept && (await currentRelease()) !== target.record.id) {
        await rm(agentReleaseFolder(target.record.id), { recursive: true, force: true });
      }
    }
  } catch (error) {
    throw await explainFullDisk(error, () => disksOf(model), "make room, and upgrade again; nothing was changed");
  } finally {
    await rm(upgradeWork, { recursive: true, force: true });
    await lock.close();
  }
}

async function refuseUndecided({ paths }: Model): Promise<void> {
  const trial = await readTrial(paths.state);
  if (trial === undefined) return;
  throw new StackError("upgrade-cut-off", `the upgrade from ${trial.from} to ${trial.to} was cut off`, {
    hint: "stack-agent provision takes it back; then upgrade again",
  });
}

async function recordOf(id: string): Promise<StackReleaseDocument> {
  const record = await readRelease(id);
  if (record !== undefined) return record;
  throw new StackError("no-release", `the release in force, ${id}, has no record of itself`, {
    hint: "make a new container of a newer template",
  });
}

async function inForce({ paths }: Model): Promise<string> {
  return (await readTextIfAny(paths.definition)) ?? "";
}

async function findTarget(options: UpgradeOptions, running: StackReleaseDocument): Promise<Target> {
  const { target, run, signal, tell, trust } = options;
  if (target === undefined) return { record: running, isNew: false };
  const known = target.includes("/") ? undefined : await readRelease(target);
  if (known !== undefined) {
    refuseOther(known, running, await lookAtMachine(known, options));
    return { record: known, isNew: false };
  }
  tell(`looking at ${target}`);
  const opened = await openPackage(target, { run, signal, trust });
  refuseOther(opened.record, running, await lookAtMachine(opened.record, options));
  refuseNoWayBack(opened.record, running, options.noWayBack);
  tell(`laying ${opened.record.id} beside ${running.id}`);
  return { record: opened.record, isNew: await layRelease(opened, running.id, { run, signal }) };
}

async function lookAtMachine({ servers }: StackReleaseDocument, { run, signal }: UpgradeOptions) {
  const [installed, version, { stdout: architecture }] = await Promise.all([
    readPackages(Object.values(servers).map((server) => server.package)),
    readTextIfAny("/etc/debian_version"),
    run("dpkg", ["--print-architecture"], { signal }),
  ]);
  return {
    debian: (version ?? "").split(".")[0]?.trim() ?? "",
    architecture: architecture.trim(),
    packages: new Map([...installed].flatMap(([name, found]) => (found === undefined ? [] : [[name, found]]))),
  };
}

async function prepareIntent(options: UpgradeOptions, target: Target, running: StackReleaseDocument): Promise<Intent> {
  const { model, run, signal, diff, tell } = options;
  const { record } = target;
  const noWayBack = refuseNoWayBack(record, running, options.noWayBack);
  const definition = chooseDefinition({
    inForce: await inForce(model),
    before: await definitionOf(running.id),
    coming: (await definitionOf(record.id)) ?? "",
    given: options.definitionText ?? (await givenDefinition(options.definition)),
  });
  const definitionPath = join(upgradeWork, releaseDefinitionName);
  await writeFile(definitionPath, definition.text, { mode: 0o644 });
  const services = chooseServices(record, running, await serviceFacts(model));
  tell(`planning ${record.id}`);
  const args = ["release", "plan", "--definition", definitionPath, ...(diff ? ["--diff"] : [])];
  const program = releaseProgram(record.id, run, { signal });
  const planned = (await jsonFrom(program, args, { timeout: 120_000 })) as { plan: PlanDocument; traits: StackTraits };
  const before = stackTraits(model);
  const brought = await findBrought(planned.traits.services, options);
  const deployed = await deployedServices(planned.traits.services, model);
  refuseMoves(before, planned.traits, [...Object.keys(record.services), ...brought.keys(), ...deployed]);
  const isThere = (name: string): boolean => planned.traits.services.includes(name);
  return {
    ...{ target, running, definition, definitionPath, noWayBack, brought, plan: planned.plan },
    services: { changed: services.changed.filter(isThere), kept: services.kept.filter(isThere) },
    own: await ownChanges(agentReleaseFolder(record.id), record.own, running.own),
    left: leftBehind(before, planned.traits),
  };
}

function definitionOf(id: string): Promise<string | undefined> {
  return readTextIfAny(join(agentReleaseFolder(id), releaseDefinitionName));
}

async function givenDefinition(path: string | undefined): Promise<string | undefined> {
  if (path === undefined) return undefined;
  const text = await readTextIfAny(path);
  if (text !== undefined) return text;
  throw new StackError("no-definition", `there is no file ${path}`, {
    hint: "--definition names a stack.yaml on this machine",
    exit: ExitCode.usage,
  });
}

async function serviceFacts(model: Model) {
  const { describeReleases } = await loadReleases();
  return Promise.all(
    model.services.map(async ({ name }) => {
      const { releases } = await describeReleases(model, name);
      const wanted = releases.find(({ state }) => state === "current");
      return { name, wanted: wanted?.id ?? releaseZero, from: wanted?.from };
    }),
  );
}

type Told = Omit<UpgradeDocument, "seconds">;

function documentOf({ target, definition, services, own, noWayBack, left, plan }: Intent, previous: string): Told {
  const restarted = plan.actions.filter(({ do: action }) => action === "restartUnits" || action === "switchRelease");
  return {
    schemaVersion: 1,
    ...{ release: target.record.id, previous, changed: false, planned: false, definition: definition.from },
    ...{ services: [...services.changed], kept: [...services.kept], left: [...left] },
    files: [...own.put.map(({ path }) => path), ...own.remove],
    actions: plan.actions,
    unseen: plan.unseen,
    restarts: [...new Set(["stack-agent.service", ...restarted.flatMap(({ what }) => what.split(/[ ,]+/))])],
    noWayBack: [...noWayBack],
    removed: [],
  };
}

/** @returns seconds without an answer, by service */
async function carryOut(
  intent: Intent,
  lock: EngineLock,
  options: UpgradeOptions,
): Promise<Readonly<Record<string, number>>> {
  const { model, signal, tell, log } = options;
  const { target, running } = intent;
  const made = await makeServices(intent, options);
  const at = options.now().toISOString();
  const trial = await beginTrial(model.paths.state, {
    ...{ from: running.id, to: target.record.id, at, paths: changedPaths(intent, model) },
    added: await addedServices(model, intent.definitionPath, made),
  });
  const watch = watchServices(model.services);
  let isDecided = false;
  let fault: Fault | undefined;
  try {
    await putInForce(intent, made, at, options);
    if (intent.noWayBack.length > 0) {
      // Before the first of such migrations: after it a power cut must not take back what can't be.
      await endTrial(model.paths.state);
      isDecided = true;
    }
    signal.throwIfAborted();
    fault = await provisionAndWatch(target.record.id, lock, signal, options);
    if (fault === undefined && !isDecided) await endTrial(model.paths.state);
  } catch (error) {
    fault = { what: messageOf(error), detail: saidBy(error) };
  }
  const without = await watch.end();
  if (fault === undefined) return without;
  if (isDecided) {
    throw new StackError("upgrade-not-healthy", `${target.record.id} is in force, and not healthy: ${fault.what}`, {
      detail: fault.detail,
      hint: "stack-agent status says what is wrong; stack-agent provision goes on; no way leads back but the backup",
    });
  }
  log("warning", `back to ${running.id}: ${fault.what}`);
  tell(`it is not healthy: back to ${running.id}`);
  const back = await takeBack(intent, trial, made, lock, options);
  const state = back === undefined ? "" : `, and not healthy either: ${back}`;
  throw new StackError(
    "upgrade-not-healthy",
    target.record.id === running.id
      ? `the other definition was taken back: ${fault.what}; the one before is in force again${state}`
      : `${target.record.id} was taken back: ${fault.what}; ${running.id} is in force again${state}`,
    {
      detail: fault.detail,
      hint:
        back === undefined
          ? "correct it, and upgrade again; --timeout gives it more time; no data was touched"
          : "stack-agent status; stack-agent logs",
    },
  );
}

async function makeServices(intent: Intent, options: UpgradeOptions): Promise<readonly MadeRelease[]> {
  const made = await makeBrought(intent.brought, intent.definitionPath, options);
  try {
    return [...made, ...(await makeChanged(intent, options))];
  } catch (error) {
    await removeMade(made);
    throw error;
  }
}

async function makeChanged(intent: Intent, options: UpgradeOptions): Promise<readonly MadeRelease[]> {
  const { run, signal, wheels, tell } = options;
  const { id } = intent.target.record;
  const changed = intent.services.changed.filter((name) => !intent.brought.has(name));
  if (id === releaseZero || changed.length === 0) {
    return changed.map((service) => ({ service, id: releaseZero, isNew: false, folder: "" }));
  }
  const from = join(agentReleaseFolder(id), servicesFolderName);
  const given = wheels === undefined ? [] : ["--wheels", wheels];
  const onLine = (line: string, stream: string): void => {
    if (stream === "stderr") tell(line);
  };
  const program = releaseProgram(id, run, { signal, onLine });
  const args = ["release", "prepare", ...changed, "--definition", intent.definitionPath, "--from", from, ...given];
  const { made } = (await jsonFrom(program, args, { timeout: PROVISION_TIMEOUT })) as { made: MadeRelease[] };
  return made;
}

/** All that says which release is in force, the link last: until then the old program finds its trial. */
function changedPaths({ own }: Intent, { paths }: Model): string[] {
  return [
    ...[...own.put.map(({ path }) => path), ...own.remove],
    ...[paths.definition, wantedReleasesPath(paths.state), historyPath(paths.state), agentCurrentLink],
  ];
}

async function putInForce(
  { target, running, own, definition, brought }: Intent,
  made: readonly MadeRelease[],
  at: string,
  { model: { paths }, run }: UpgradeOptions,
): Promise<void> {
  await applyOwnFiles(agentReleaseFolder(target.record.id), own);
  await settleOwnFiles(own, run);
  await writeFileAtomic(paths.definition, definition.text);
  const wanted = await readWantedReleases(paths.state);
  for (const { service, id } of made) {
    const before = wanted.get(service)?.release ?? (brought.has(service) ? undefined : releaseZero);
    await wantRelease(paths.state, service, { release: id, ...(before && { previous: before }), since: at });
  }
  const history = { schemaVersion: 1, release: target.record.id, previous: running.id, since: at };
  await writeFileAtomic(historyPath(paths.state), `${JSON.stringify(history, null, 2)}\n`);
  await markStale(paths.run, "stack-agent.service", monotonicMicroseconds());
  await linkAtomic(agentCurrentLink, currentTarget(target.record.id));
}

/** Why a release is not healthy. */
interface Fault {
  readonly what: string;
  readonly detail: readonly string[];
}

/** @returns undefined where it is provisioned and healthy, and still is a moment later */
async function provisionAndWatch(
  id: string,
  lock: EngineLock,
  signal: AbortSignal,
  { run, tell, timeout }: UpgradeOptions,
): Promise<Fault | undefined> {
  const onLine = (line: string, stream: string): void => {
    if (stream === "stderr") tell(line);
  };
  const program = releaseProgram(id, run, { signal, ...lendLock(lock), onLine });
  tell(`provisioning ${id}`);
  try {
    await program(["provision"], { timeout: PROVISION_TIMEOUT });
  } catch (error) {
    signal.throwIfAborted();
    return { what: "it could not be provisioned", detail: saidBy(error) };
  }
  const words = ["status", "--format", "json"];
  const looks = [
    ["--wait", "--timeout", String(timeout)],
    ["--wait", "--timeout", "5"],
  ];
  for (const [index, wait] of looks.entries()) {
    if (index > 0) await sleep(AGAIN_AFTER, undefined, { signal });
    const looked = await program([...words, ...wait], { timeout: (timeout + 30) * 1000, accept: [0, 1, 2, 3] });
    if (looked.code === ExitCode.healthy || looked.code === ExitCode.degraded) continue;
    const what = index === 0 ? `after ${timeout} s it is not healthy` : "it was healthy, and did not stay so";
    return { what, detail: failing(looked.stdout) };
  }
  return undefined;
}

/** What fails, of a status document. */
function failing(text: string): readonly string[] {
  try {
    const { components, stages } = statusDocument.parse(JSON.parse(text));
    return [
      ...stages.flatMap(({ id, error }) => (error === undefined ? [] : [`${id}: ${error.message}`])),
      ...components.flatMap(({ name, status, code, message }) =>
        status === "fail" ? [`${name}: ${message ?? code}`] : [],
      ),
    ];
  } catch {
    return [];
  }
}

/** To the end, also where it was told to stop. @returns what is wrong with the release before, too */
async function takeBack(
  intent: Intent,
  trial: Trial,
  made: readonly MadeRelease[],
  lock: EngineLock,
  options: UpgradeOptions,
): Promise<string | undefined> {
  const { paths } = options.model;
  const { own, running } = intent;
  await markStale(paths.run, "stack-agent.service", monotonicMicroseconds());
  // Else what only the other definition has would run on, and nobody would know it.
  await removeAdded(trial.added, options.run).catch(() => {});
  await undoTrial(paths.state, trial);
  await settleOwnFiles(own, options.run).catch(() => {});
  const fault = await provisionAndWatch(running.id, lock, new AbortController().signal, {
    ...options,
    timeout: Math.max(options.timeout, LEAST_PATIENCE),
  });
  await removeMade(made);
  return fault === undefined ? undefined : [fault.what, ...fault.detail].join("; ");
}
