import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { loadReleases } from "../../components/agent.ts";
import { readGivenSecret } from "../../engine/secrets/given-secrets.ts";
import { secretsFolder } from "../../engine/secrets/read-secret.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import { readTextIfAny, writeFileAtomic } from "../../lib/files.ts";
import type { Run } from "../../lib/run.ts";
import { agentReleaseFolder, agentReleasesFolder } from "../../stack/agent-releases.ts";
import { backupKey } from "../../stack/components/backup/component.ts";
import type { HandoverLookDocument, HandoverSettingsDocument } from "../../stack/documents/handover.ts";
import { releaseDefinitionName } from "../../stack/documents/stack-release.ts";
import type { Model } from "../../stack/model.ts";
import { releaseFolder, releaseZero } from "../../stack/releases.ts";
import { chooseDefinition } from "../upgrade/choose-definition.ts";
import { currentRelease } from "../upgrade/stack-releases.ts";

/** What of a machine is its operator's, beside the data; secrets in the clear. */
export interface HandoverSettings {
  readonly definition: string;
  /** What the release in force was built of. */
  readonly before?: string | undefined;
  /** base64, by name. */
  readonly given: Readonly<Record<string, string>>;
  readonly made: Readonly<Record<string, string>>;
  /** Archives of what was deployed, tar.gz in base64, by the service's name. */
  readonly services: Readonly<Record<string, string>>;
}

export interface SettingsOptions {
  readonly model: Model;
  readonly run: Run;
  readonly signal: AbortSignal;
  readonly tell: (line: string) => void;
}

const HOUR = 3_600_000;

/** What there is to hand over. */
export async function lookAtHandover({ model, ...options }: SettingsOptions): Promise<HandoverLookDocument> {
  const { definition, before, given, made } = await readSettings({ model, ...options });
  const deployed = await deployedReleases(model);
  return {
    schemaVersion: 1,
    ...{ name: model.name, release: await currentRelease(), debian: model.debian.version },
    isChanged: before !== undefined && definition !== before,
    given: Object.keys(given),
    made: Object.keys(made),
    services: deployed.map(({ service, release }) => ({ name: service, release })),
    // What is on servers of somebody else's stays there.
    components: model.components.filter(({ external }) => !external).map(({ name }) => name),
    ...(model.postgres?.external === undefined &&
      model.postgres && {
        database: model.postgres.database,
        postgres: Number(model.postgres.major),
        migration: model.postgres.migrations.at(-1)?.version ?? 0,
      }),
    ...(model.rabbitmq && { vhost: model.rabbitmq.vhost }),
  };
}

export async function sendSettings(options: SettingsOptions): Promise<HandoverSettings> {
  const { model, run, signal } = options;
  const services: [string, string][] = [];
  for (const { service, release } of await deployedReleases(model)) {
    const found = model.services.find(({ name }) => name === service);
    if (found === undefined) continue;
    const archive = join("/run/stack-agent", `handover-${randomBytes(8).toString("hex")}.tar.gz`);
    try {
      const without = ["./venv", "./release.json", "__pycache__"].map((name) => `--exclude=${name}`);
      const from = releaseFolder(found, release);
      await run("tar", ["-czf", archive, ...without, "-C", from, "."], { signal, timeout: HOUR });
      services.push([service, (await readFile(archive)).toString("base64")]);
    } finally {
      await rm(archive, { force: true });
    }
  }
  return { ...(await readSettings(options)), services: Object.fromEntries(services) };
}

/**
 * Takes another machine's settings: its definition, where that was changed by hand, its secrets, so that whoever comes
 * in goes on with the same, and the services' releases that were deployed there. All of it is proven here, by a
 * provisioned and healthy stack, before any data moves.
 *
 * @param which the definition, where both were changed
 * @throws StackError `definition-conflict`; of the commands that do it
 */
export async function receiveSettings(
  { definition, before, given, made, services }: HandoverSettings,
  which: "old" | "template" | undefined,
  { model, run, signal, tell }: SettingsOptions,
): Promise<HandoverSettingsDocument> {
  // What comes over `pct exec` may have no /usr/local in its path, where uv is.
  const env = { ...process.env, PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin" };
  const stackAgent = async (words: readonly string[], input = Buffer.alloc(0)): Promise<void> => {
    await run("stack-agent", words, { signal, timeout: HOUR, input, env });
  };
  const here = await readFile(model.paths.definition, "utf8");
  const chosen = definitionOf(definition, before, here, which);
  const work = join("/var/tmp", `handover-${randomBytes(8).toString("hex")}`);
  await mkdir(work, { mode: 0o700 });
  try {
    if (chosen !== here) {
      tell("the definition that was changed by hand");
      await writeFile(join(work, "stack.yaml"), chosen);
      // Services that only that has: their code came along.
      for (const [name, archive] of Object.entries(services)) {
        await writeFile(join(work, `${name}.tar.gz`), Buffer.from(archive, "base64"));
      }
      await stackAgent(["upgrade", "--definition", join(work, "stack.yaml"), "--services", work]);
    }
    const known = model.secrets.filter(({ name }) => made[name] !== undefined && isMoved(name));
    for (const { name } of known) {
      const path = join(secretsFolder(model.paths.state), name);
      const { mode, uid, gid } = await stat(path);
      await writeFileAtomic(path, Buffer.from(made[name] ?? "", "base64"), { mode: mode & 0o7777, uid, gid });
    }
    const wanted = model.givenSecrets.filter(({ name }) => given[name] !== undefined);
    tell(`${known.length + wanted.length} secrets`);
    await stackAgent(["provision"]);
    for (const { name } of wanted) await stackAgent(["secrets", "set", name], Buffer.from(given[name] ?? "", "base64"));
    const deployed = model.services.filter(({ name }) => services[name] !== undefined);
    for (const { name } of deployed) {
      tell(`the release of ${name}`);
      const archive = join(work, `${name}.tar.gz`);
      await writeFile(archive, Buffer.from(services[name] ?? "", "base64"));
      await stackAgent(["service", "deploy", name, archive]);
    }
    return {
      schemaVersion: 1,
      definition: chosen === here ? "template" : "old",
      secrets: [...known, ...wanted].map(({ name }) => name),
      services: deployed.map(({ name }) => name),
    };
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function definitionOf(inForce: string, before: string | undefined, coming: string, which?: "old" | "template") {
  if (which !== undefined) return which === "old" ? inForce : coming;
  try {
    return chooseDefinition({ inForce, before, coming, given: undefined }).text;
  } catch (error) {
    if (!isStackError(error)) throw error;
    throw new StackError(
      error.code,
      "the old container's stack.yaml was changed by hand, and the template has another",
      {
        hint: "--definition old keeps the old one's, --definition template takes the template's",
      },
    );
  }
}

async function readSettings({ model }: Pick<SettingsOptions, "model">): Promise<Omit<HandoverSettings, "services">> {
  const { state } = model.paths;
  const values = async (names: readonly string[]): Promise<Record<string, string>> => {
    const found = names.map(async (name) => {
      const value = await readGivenSecret(state, name);
      return value === undefined ? [] : [[name, value.toString("base64")] as const];
    });
    return Object.fromEntries((await Promise.all(found)).flat());
  };
  return {
    definition: await readFile(model.paths.definition, "utf8"),
    before: await readTextIfAny(join(agentReleaseFolder(await currentRelease()), releaseDefinitionName)),
    given: await values(model.givenSecrets.map(({ name }) => name)),
    made: await values(model.secrets.map(({ name }) => name).filter(isMoved)),
  };
}

/** Erlang's cookie is the machine's own; the key of a repository of backups is: another machine begins another. */
function isMoved(name: string): boolean {
  return name !== "rabbitmq.cookie" && name !== backupKey;
}

/** What was put in force by `service deploy`; what a release of the stack brought the template has. */
async function deployedReleases(model: Model) {
  const { describeReleases } = await loadReleases();
  const all = model.services.map(async ({ name }) => {
    const { releases } = await describeReleases(model, name);
    const current = releases.find(({ state }) => state === "current");
    const isOwn =
      current === undefined || current.id === releaseZero || current.from?.startsWith(`${agentReleasesFolder}/`);
    return isOwn ? [] : [{ service: name, release: current.id }];
  });
  return (await Promise.all(all)).flat();
}
