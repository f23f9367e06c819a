import { join } from "node:path";
import type { Action } from "../../../engine/action.ts";
import { parseAccounts } from "../../../engine/facts/accounts.ts";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import { type ComponentFacts, inspectComponent, planFiles, planUnits } from "../../../engine/plan/plan-files.ts";
import { secretsFolder } from "../../../engine/secrets/read-secret.ts";
import { defineStage } from "../../../engine/stage.ts";
import { parseState, statePath } from "../../../engine/state/state.ts";
import { isStackError, StackError } from "../../../lib/error.ts";
import { budget } from "../../../stack/budget.ts";
import { dependencyNames } from "../../../stack/components/names.ts";
import { templatesOwnPackages } from "../../../stack/components/system/component.ts";
import { agentCache } from "../../../stack/machine-paths.ts";
import type { FileEntry, Model } from "../../../stack/model.ts";
import { inspectBareHost, preflightBareHost } from "./bare-host.ts";
import { planIdentity, unseenOfCopy } from "./identity.ts";
import { leftJobs, planLeftJobs } from "./left-jobs.ts";
import { lookAtPlace } from "./place.ts";
import { resetSystem } from "./reset.ts";
import { hostKeyPath, type SshKeyType, sshFolder, sshKeyTypes } from "./ssh-key.ts";
import type { SystemFacts } from "./system-facts.ts";

/** Components whose packages bring a server. */
const servers: ReadonlySet<FileEntry["component"]> = new Set([...dependencyNames, "backup"]);

const sysusers = "/usr/lib/sysusers.d/stack-agent.conf";

/**
 * What every other stage stands on: packages, users, locale, secrets, the agent's own files
 * and units. Nothing of it is to do in a container made from a template, but for secrets.
 */
export const systemStage = defineStage<"system", SystemFacts>({
  id: "system",
  title: "Packages, users, secrets",
  needs: [],
  present: () => true,
  checks: () => [],
  inspect,
  preflight,
  plan: (facts, model) => ({ actions: plan(facts, model), unseen: unseenOfCopy(facts) }),
  reset: resetSystem,
});

async function inspect(reader: FactReader, model: Model): Promise<SystemFacts> {
  if (!(await reader.exists("/run/systemd/system"))) {
    throw new StackError("no-systemd", "systemd is not this machine's init", {
      hint: "use a machine or container that systemd boots; the stack's servers are units of it",
    });
  }
  const memory = await reader.memoryMiB();
  const template = await reader.exists(`${model.paths.share}/manifest.json`);
  // What all members of a cluster have the same comes with its own commands.
  const own = model.secrets.filter(({ shared }) => !shared);
  // Too little memory is a problem of its own (preflight); files that tell it can't be rendered.
  const names = tooLittle(model, memory) === undefined ? ownComponents(template) : [];
  // All at once: at boot this stage is what every server waits for.
  const [
    debian,
    packages,
    accounts,
    locale,
    secrets,
    machineId,
    state,
    place,
    sshKeys,
    run,
    cache,
    jobs,
    ...components
  ] = await Promise.all([
    reader.readText("/etc/debian_version"),
    reader.packages(wantedPackages(model, template)),
    missingAccounts(reader, model),
    hasLocale(reader, model.definition.locale),
    Promise.all(own.map(async ({ name }) => ((await reader.hasSecret(name)) ? [] : [name]))),
    reader.machineId(),
    reader.readText(statePath(model.paths.state)),
    template ? lookAtPlace(reader) : undefined,
    hostKeys(reader),
    reader.exists(`${model.paths.run}/progress.json`),
    reader.exists(agentCache),
    leftJobs(reader, model),
    ...names.map((name) => inspectComponent(reader, model, name)),
  ]);
  const missing = [...packages].filter(([, version]) => version === undefined).map(([name]) => name);
  const known = parseState(state);
  const { host } = known;
  const bare = template ? undefined : await inspectBareHost(reader, model, { host, secrets: secrets.flat(), missing });
  const lost = await Promise.all(
    secrets
      .flat()
      .map(async (name) => ((await reader.exists(join(secretsFolder(model.paths.state), name))) ? [] : [name])),
  );
  const early = missing.length === 0 ? [] : await filesBeforePackages(reader, model, template);
  return {
    debian: debian?.trim(),
    memory,
    packages: missing,
    accounts,
    locale,
    secrets: secrets.flat(),
    lostSecrets: lost.flat(),
    bare,
    machineId,
    knownMachineId: known.machineId,
    place,
    knownPlace: known.place,
    sshKeys,
    leftJobs: jobs,
    own: { state: state !== undefined || secrets.flat().length < own.length, run, cache },
    components,
    early,
  };
}

async function hostKeys(reader: FactReader): Promise<SshKeyType[]> {
  const found = await Promise.all(sshKeyTypes.map((type) => reader.exists(hostKeyPath(sshFolder, type))));
  return sshKeyTypes.filter((_, index) => found[index]);
}

/** What a machine of the template is made of, and on another one its admin's affair. */
function ownComponents(template: boolean): readonly FileEntry["component"][] {
  return template ? ["system", "agent"] : ["agent"];
}

function wantedPackages(model: Model, template: boolean): readonly string[] {
  if (template) return model.packages;
  const asked = new Set(model.definition.packages);
  return model.packages.filter((name) => asked.has(name) || !templatesOwnPackages.has(name));
}

/**
 * Rules of unpacking; and on a host the servers' units, which don't start without configuration:
 * in the template none can be started while it is built.
 */
async function filesBeforePackages(
  reader: FactReader,
  model: Model,
  template: boolean,
): Promise<ComponentFacts["files"]> {
  const isEarly = ({ component, path, beforePackages }: FileEntry): boolean =>
    beforePackages === true || (!template && servers.has(component) && path.startsWith("/etc/systemd/system/"));
  const owners = new Set(model.files.filter(isEarly).map((entry) => entry.component));
  const files = await Promise.all([...owners].map((component) => reader.files(component, model)));
  return files.flat().filter(({ entry }) => isEarly(entry));
}

async function missingAccounts(reader: FactReader, model: Model): Promise<string[]> {
  const users = parseAccounts((await reader.readText("/etc/passwd")) ?? "");
  const groups = parseAccounts((await reader.readText("/etc/group")) ?? "");
  return [
    ...model.users.map((user) => user.name).filter((name) => !users.has(name)),
    ...new Set(model.users.flatMap((user) => user.groups.map(({ name }) => name)).filter((name) => !groups.has(name))),
  ];
}

/** glibc keeps a locale in a folder of its own, or in one archive that only `locale` reads: a process to start. */
async function hasLocale(reader: FactReader, locale: string): Promise<boolean> {
  const name = locale.replace(/\.UTF-8$/, ".utf8");
  if (await reader.exists(`/usr/lib/locale/${name}/LC_IDENTIFICATION`)) return true;
  const { stdout } = await reader.run("locale", ["-a"]);
  return stdout.split("\n").includes(name);
}

function tooLittle(model: Model, memory: number): StackError | undefined {
  try {
    budget(model, memory);
    return undefined;
  } catch (error) {
    if (isStackError(error)) return error;
    throw error;
  }
}

function preflight(facts: SystemFacts, model: Model) {
  const memory = tooLittle(model, facts.memory);
  const release = model.debian.version;
  return [
    ...(facts.bare === undefined ? [] : preflightBareHost(facts.bare, model)),
    ...(memory === undefined ? [] : [{ code: memory.code, message: memory.message, hint: memory.hint ?? "" }]),
    ...(facts.debian?.split(".")[0] === release
      ? []
      : [
          {
            code: "wrong-debian",
            message: `this is ${facts.debian === undefined ? "not Debian" : `Debian ${facts.debian}`}; the stack is for Debian ${release}`,
            hint: `use a Debian ${release} container or host`,
          },
        ]),
  ];
}

function plan(facts: SystemFacts, model: Model): Action[] {
  const { locale } = model.definition;
  const identity = planIdentity(facts, model);
  const outdated = identity.first.flatMap(({ args }) => ("units" in args ? (args.units ?? []) : []));
  return [
    ...one(facts.bare?.fresh === true, {
      do: "rememberHost",
      why: "what is here before the stack",
      args: { files: facts.bare?.replaced ?? [] },
    }),
    ...planFiles(facts.early),
    ...(facts.bare === undefined || facts.packages.length === 0 ? [] : planMasks(model)),
    ...one(facts.packages.length > 0 || facts.bare?.interrupted === true, {
      do: "installPackages",
      why: facts.bare?.interrupted === true ? "an installation was interrupted" : "not installed",
      args: { packages: facts.packages },
    }),
    // Their description comes first: what else is written may belong to them.
    ...planFiles(allFiles(facts).filter(({ entry }) => entry.path === sysusers)),
    ...one(facts.accounts.length > 0, {
      do: "makeUsers",
      why: `${facts.accounts.join(", ")} not there`,
      args: { path: sysusers },
    }),
    ...one(!facts.locale, { do: "generateLocale", why: "not generated", args: { locale } }),
    ...identity.first,
    ...planFiles(allFiles(facts).filter(({ entry }) => entry.path !== sysusers)),
    ...facts.components.flatMap((component) => planUnits(component, { wait: true, outdated })),
    ...planLeftJobs(facts.leftJobs),
    ...identity.last,
  ];
}

function allFiles(facts: SystemFacts): ComponentFacts["files"] {
  return facts.components.flatMap((component) => component.files);
}

/** Servers of packages that are never to start: masked before they are there. */
function planMasks(model: Model): Action[] {
  const units = model.units
    .filter(({ component, want }) => servers.has(component) && want === "masked")
    .map(({ unit }) => unit);
  return [
    { do: "reloadUnits", why: "unit files change", args: {} },
    ...one(units.length > 0, { do: "maskUnits", why: "must not start when it is installed", args: { units } }),
  ];
}

function one(wanted: boolean, action: Action): Action[] {
  return wanted ? [action] : [];
}
