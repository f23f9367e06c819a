import { isStackError, type StackError } from "../../../lib/error.ts";
import { budget } from "../../../stack/budget.ts";
import type { Model, SecretName } from "../../../stack/model.ts";
import { hostKeyPath, sshFolder } from "../../actions/ssh-key.ts";
import { parseAccounts } from "../../engine/accounts.ts";
import { type Action, type SshKeyType, sshKeyTypes } from "../../engine/action.ts";
import type { Eyes } from "../../engine/eyes.ts";
import { type ComponentFacts, inspectComponent, planFiles, planUnits } from "../../engine/plan-files.ts";
import { defineStage } from "../../engine/stage.ts";
import { parseState, statePath } from "../../state/state.ts";
import { planIdentity, unseenOfCopy } from "./identity.ts";

export interface SystemFacts {
  /** Debian's version, e.g. "12.8"; undefined where it is not Debian. */
  readonly debian: string | undefined;
  readonly memory: number;
  /** Packages that are not installed. */
  readonly packages: readonly string[];
  /** Users and groups that are not there. */
  readonly accounts: readonly string[];
  readonly locale: boolean;
  /** Secrets that are not there, or whose file has another mode or owner. */
  readonly secrets: readonly SecretName[];
  /** Inside a container of any kind. */
  readonly container: boolean;
  readonly machineId: string | undefined;
  /** The machine the state was written on. */
  readonly knownMachineId: string | undefined;
  /** Types of the SSH host keys that are there. */
  readonly sshKeys: readonly SshKeyType[];
  /** Of the components system and agent. */
  readonly components: readonly ComponentFacts[];
  /** Files that must be there before packages are installed, of any component. */
  readonly early: ComponentFacts["files"];
}

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
});

async function inspect(eyes: Eyes, model: Model): Promise<SystemFacts> {
  const memory = await eyes.memoryMiB();
  // Too little memory is a problem of its own (preflight); files that tell it can't be rendered.
  const names = tooLittle(model, memory) === undefined ? (["system", "agent"] as const) : [];
  // All at once: at boot this stage is what every server waits for.
  const [debian, packages, accounts, locale, secrets, container, machineId, state, sshKeys, ...components] =
    await Promise.all([
      eyes.readText("/etc/debian_version"),
      eyes.packages(model.packages),
      missingAccounts(eyes, model),
      hasLocale(eyes, model.definition.locale),
      Promise.all(model.secrets.map(async ({ name }) => ((await eyes.hasSecret(name)) ? [] : [name]))),
      eyes.exists("/run/systemd/container"),
      eyes.machineId(),
      eyes.readText(statePath(model.paths.state)),
      hostKeys(eyes),
      ...names.map((name) => inspectComponent(eyes, model, name)),
    ]);
  const missing = [...packages].filter(([, version]) => version === undefined).map(([name]) => name);
  const early = missing.length === 0 ? [] : await filesBeforePackages(eyes, model);
  return {
    debian: debian?.trim(),
    memory,
    packages: missing,
    accounts,
    locale,
    secrets: secrets.flat(),
    container,
    machineId,
    knownMachineId: parseState(state).machineId,
    sshKeys,
    components,
    early,
  };
}

async function hostKeys(eyes: Eyes): Promise<SshKeyType[]> {
  const found = await Promise.all(sshKeyTypes.map((type) => eyes.exists(hostKeyPath(sshFolder, type))));
  return sshKeyTypes.filter((_, index) => found[index]);
}

async function filesBeforePackages(eyes: Eyes, model: Model): Promise<ComponentFacts["files"]> {
  const owners = new Set(model.files.filter((entry) => entry.beforePackages).map((entry) => entry.component));
  const files = await Promise.all([...owners].map((component) => eyes.files(component, model)));
  return files.flat().filter(({ entry }) => entry.beforePackages);
}

async function missingAccounts(eyes: Eyes, model: Model): Promise<string[]> {
  const users = parseAccounts((await eyes.readText("/etc/passwd")) ?? "");
  const groups = parseAccounts((await eyes.readText("/etc/group")) ?? "");
  return [
    ...model.users.map((user) => user.name).filter((name) => !users.has(name)),
    ...new Set(model.users.flatMap((user) => user.groups).filter((name) => !groups.has(name))),
  ];
}

/** glibc keeps a locale in a folder of its own, or in one archive that only `locale` reads: a process to start. */
async function hasLocale(eyes: Eyes, locale: string): Promise<boolean> {
  const name = locale.replace(/\.UTF-8$/, ".utf8");
  if (await eyes.exists(`/usr/lib/locale/${name}/LC_IDENTIFICATION`)) return true;
  const { stdout } = await eyes.run("locale", ["-a"]);
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
  return [
    ...planFiles(facts.early),
    ...one(facts.packages.length > 0, {
      do: "installPackages",
      why: "not installed",
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
    ...facts.components.flatMap((component) => planUnits(ofThisMachine(component, facts), { wait: true })),
    ...identity.last,
  ];
}

function allFiles(facts: SystemFacts): ComponentFacts["files"] {
  return facts.components.flatMap((component) => component.files);
}

/** What a container has no use for, a bare host may live by: its network, its clock. */
function ofThisMachine(component: ComponentFacts, { container }: SystemFacts): ComponentFacts {
  if (container) return component;
  return { ...component, specs: component.specs.filter((spec) => spec.want === "enabled") };
}

function one(wanted: boolean, action: Action): Action[] {
  return wanted ? [action] : [];
}
