import { createHash } from "node:crypto";
import { appendFile, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import type { ReleaseArtefacts } from "../../builder/targets/release/render.ts";
import { signBytes } from "../../lib/key-pair.ts";
import { run } from "../../lib/run.ts";
import type { StackReleaseDocument } from "../../stack/documents/stack-release.ts";
import { smallService } from "./small-service.ts";

export const nextVersion = "1.1.0";
/** A migration that the release under test brings. */
export const nextMigration = "0012-after-an-upgrade";

/** A later state of this project, a definition of its own, and the releases that are built of it. */
export interface NextProject {
  /** Signed by a key that no template knows. */
  readonly release: ReleaseArtefacts;
  /** What the event bus is, in its definition. */
  readonly service: "event-bus";
  /** The same release with something changed, signed by the same key: its file. */
  forge(name: string, edit: ReleaseEdit): Promise<string>;
  remove(): Promise<void>;
}

export interface ReleaseEdit {
  readonly record?: (record: StackReleaseDocument) => StackReleaseDocument;
  /** Gets the folder that the payload is unpacked in. */
  readonly payload?: (folder: string) => Promise<void>;
}

/**
 * Copies the project, edits what a next commit might (program, a unit, a migration, the definition, a service's code, a
 * file of the user's own), and builds a release of it. Layers come from the cache of whoever runs the tests.
 */
export async function buildNextRelease(): Promise<NextProject> {
  const folder = await mkdtemp("/var/tmp/stack-next-");
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const project = join(folder, "project");
    await copyProject(project);
    await editProject(project);
    const home = await writeDefinition(join(folder, "stack"));
    const cache = process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache");
    const config = join(folder, "config");
    const cli = join(project, "builder", "cli.ts");
    const args = ["release", join(home, "stack.yaml"), "--out", join(folder, "out"), "--json"];
    const { stdout } = await run(process.execPath, ["--no-warnings", cli, ...args], {
      env: { ...process.env, XDG_CACHE_HOME: cache, XDG_CONFIG_HOME: config },
      timeout: 600_000,
    });
    const release = JSON.parse(stdout) as ReleaseArtefacts;
    const key = await readFile(join(config, "proxmox-stack", "release.key"), "utf8");
    return { release, service: "event-bus", remove, forge: (name, edit) => forge(release.release, key, name, edit) };
  } catch (error) {
    await remove();
    throw error;
  }
}

const parts = ["agent", "builder", "components", "engine", "lib", "rootfs-overlay", "services", "stack", "units"];

async function copyProject(to: string): Promise<void> {
  await mkdir(to);
  for (const name of [...parts, "package.json"]) await cp(name, join(to, name), { recursive: true });
  await symlink(resolve("node_modules"), join(to, "node_modules"));
}

async function editProject(project: string): Promise<void> {
  const overlay = join(project, "rootfs-overlay");
  await appendFile(join(overlay, "etc/motd.ejs"), "of the next release\n");
  await writeFile(
    join(overlay, `usr/share/stack-agent/migrations/${nextMigration}.sql.ejs`),
    "set local role event_store_owner;\ncreate table event_store.after_an_upgrade (id integer primary key);\n",
  );
  await edit(
    join(project, "stack/components/postgres/model.ts"),
    '  "0011-figures",\n',
    `  "0011-figures",\n  "${nextMigration}",\n`,
  );
  await edit(
    join(project, "stack/components/agent/commands.ts"),
    'help: "how the stack stands: stages, components, jobs, memory"',
    'help: "how the stack of the next release stands"',
  );
}

async function edit(path: string, from: string, to: string): Promise<void> {
  const text = await readFile(path, "utf8");
  if (!text.includes(from)) throw new Error(`${path} has no ${from}`);
  await writeFile(path, text.replace(from, to));
}

async function writeDefinition(home: string): Promise<string> {
  const source = join(home, "services", "small");
  await mkdir(source, { recursive: true });
  await writeFile(join(source, "small.py"), smallService("next"));
  await writeFile(join(source, "requirements.lock"), "# Nothing but Python's own.\n");
  const own = join(home, "rootfs-overlay", "etc", "next.conf");
  await mkdir(dirname(own), { recursive: true });
  await writeFile(own, "of the next release\n");
  const text = (await readFile("stack/stock-analysis.yaml", "utf8"))
    .replace(/^version: .*$/m, `version: "${nextVersion}"`)
    .replace(/^( {2}event-bus:\n)/m, "$1    source: services/small\n    module: small\n");
  await writeFile(join(home, "stack.yaml"), text);
  return home;
}

async function forge(file: string, key: string, name: string, { record, payload }: ReleaseEdit): Promise<string> {
  const work = await mkdtemp("/var/tmp/stack-forge-");
  try {
    await run("tar", ["--extract", "--file", file, "--directory", work]);
    const of = (member: string): string => join(work, member);
    if (payload !== undefined) {
      await mkdir(of("root"));
      await run("sh", ["-c", 'zstd -dcq "$1" | tar -x -C "$2"', "sh", of("payload.tar.zst"), of("root")]);
      await payload(of("root"));
      const pack = 'tar -c --owner=0 --group=0 -C "$2" . | zstd -q -f -o "$1"';
      await run("sh", ["-c", pack, "sh", of("payload.tar.zst"), of("root")]);
    }
    const bytes = await readFile(of("payload.tar.zst"));
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const found = JSON.parse(await readFile(of("release.json"), "utf8")) as StackReleaseDocument;
    const next = { ...found, id: `${found.version}-${sha256.slice(0, 8)}`, payload: { bytes: bytes.length, sha256 } };
    const text = JSON.stringify(record?.(next) ?? next);
    const signature = JSON.parse(await readFile(of("release.json.sig"), "utf8")) as object;
    await writeFile(of("release.json"), text);
    await writeFile(
      of("release.json.sig"),
      JSON.stringify({ ...signature, signature: signBytes(Buffer.from(text), key) }),
    );
    const made = join(dirname(file), `${name}.stack-release`);
    const members = ["./payload.tar.zst", "./release.json", "./release.json.sig"];
    await run("tar", ["--create", "--file", made, "--directory", work, ...members]);
    return made;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
