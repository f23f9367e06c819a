import { appendFile, glob, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { installPackage } from "../npm/install-package.ts";
import { type Built, buildOnce, type LayerName, layers, rebuilt, same, stem } from "./build-once.ts";
import type { Prover, Terminal } from "./prove.ts";
import { type User, withUser } from "./with-user.ts";

export interface Builds {
  readonly prover: Prover;
  readonly terminal: Terminal;
  /** Folder for root's layers. */
  readonly cache: string;
  /** Words before a build's own. */
  readonly within?: readonly string[];
}

/**
 * Builds the default template as root from nothing, and again out of what is cached.
 *
 * @returns it, where the first build went well
 */
export async function firstBuilds({ prover: { prove }, terminal, cache }: Builds): Promise<Built | undefined> {
  const build = rootTo(cache, resolve("dist"));
  const gz = await prove("root builds the default template from an empty cache", async () =>
    rebuilt(await buildOnce(build, terminal), layers),
  );
  if (gz === undefined) return undefined;
  await prove(
    "built again offline, on a machine without a network, what is cached is enough: the same bytes",
    async () => same(rebuilt(await buildOnce(["unshare", "--net", ...build, "--offline"], terminal), []), gz),
  );
  await prove("a damaged layer of the cache is noticed and made anew, and the bytes are the same", async () => {
    await damage(cache, "agent");
    same(rebuilt(await buildOnce(build, terminal), ["agent"]), gz);
  });
  return gz;
}

/**
 * Builds the same from the installed npm package, and as an ordinary user made for it whose machine
 * differs in all that may not matter; then once more after edits. Nothing of root's cache is changed.
 *
 * @param gz what the first builds made
 * @param formats whether each format is built out of layers that were kept as the other, too
 */
export async function laterBuilds(builds: Builds, gz: Built, formats: boolean): Promise<void> {
  await builds.prover.prove("the npm package, installed, builds the same bytes again out of the cache", async () =>
    same(rebuilt(await buildFromPackage(builds), []), gz),
  );
  await withUser(async (user) => {
    const asUser: UserBuilds = { ...builds, user, build: [...(builds.within ?? []), ...user.command], gz };
    const made = formats ? await inEachFormat(asUser) : await asBytes(asUser);
    if (made !== undefined) await edits(asUser);
  });
}

interface UserBuilds extends Builds {
  readonly user: User;
  readonly build: readonly string[];
  readonly gz: Built;
}

const elsewhere = "an ordinary user, host name, umask, locale, time zone, folders, cores";

async function asBytes({ prover: { prove }, terminal, build, gz }: UserBuilds): Promise<Built | undefined> {
  return prove(`${elsewhere}: the same bytes`, async () => {
    const made = rebuilt(await buildOnce(build, terminal), layers);
    same(made, gz);
    return made;
  });
}

async function inEachFormat(builds: UserBuilds): Promise<Built | undefined> {
  const { terminal, build, gz, cache, within = [] } = builds;
  const { prove } = builds.prover;
  const zst = await prove(`${elsewhere}: the same content`, async () => {
    const made = rebuilt(await buildOnce([...build, "--format", "zst"], terminal), layers);
    if (stem(made) !== stem(gz)) throw new Error(`${basename(made.template)}, not ${basename(gz.template)}`);
    return made;
  });
  if (zst === undefined) return undefined;
  await prove("out of layers that were kept as zst, the gz has the bytes of the one built as gz", async () =>
    same(rebuilt(await buildOnce(build, terminal), []), gz),
  );
  await prove("out of layers that were kept as gz, the zst has the bytes of the one built as zst", async () => {
    // Elsewhere: both have one manifest's name, and the gz is for the tests that follow.
    const out = await mkdtemp("/var/tmp/stack-zst-");
    try {
      const command = [...within, ...rootTo(cache, out), "--format", "zst"];
      same(rebuilt(await buildOnce(command, terminal), []), zst);
    } finally {
      await rm(out, { recursive: true, force: true });
    }
  });
  return zst;
}

/** Root's build-template with a cache and an output folder of its own. */
export function rootTo(cache: string, out: string): readonly string[] {
  // No key of whose workstation this is: it would be in the template.
  return [
    "env",
    `XDG_CACHE_HOME=${cache}`,
    `XDG_CONFIG_HOME=${cache}/config`,
    resolve("bin/build-template"),
    "--out",
    out,
  ];
}

/** A line of the edit, in a file of the project, and the layers that are made anew for it. */
const edited: readonly { what: string; file: string; line: string; anew: readonly LayerName[] }[] = [
  { what: "a file of the overlay", file: "rootfs-overlay/etc/motd.ejs", line: "edited", anew: ["overlay"] },
  { what: "the agent", file: "agent/cli.ts", line: 'process.title = "edited";', anew: ["agent", "overlay"] },
];

async function edits({ prover: { prove }, terminal, user, build, gz }: UserBuilds): Promise<void> {
  for (const { what, file, line, anew } of edited) {
    await prove(`an edit of ${what} makes ${anew.join(" and ")} anew, nothing else`, async () => {
      const path = join(user.project, file);
      const text = await readFile(path);
      await appendFile(path, `${line}\n`);
      try {
        const made = rebuilt(await buildOnce(build, terminal), anew);
        if (stem(made) === stem(gz)) throw new Error("the template is the old one");
      } finally {
        await writeFile(path, text);
      }
    });
  }
  await prove("with the edits undone the first template comes out again", async () =>
    same(rebuilt(await buildOnce(build, terminal), []), gz),
  );
}

/** Flips a bit of a layer's content. */
async function damage(cache: string, layer: LayerName): Promise<void> {
  for await (const path of glob(`${cache}/proxmox-stack/layers/${layer}-*/content-*`)) {
    if (path.endsWith(".json")) continue;
    const bytes = await readFile(path);
    const middle = bytes.length >> 1;
    bytes.writeUInt8((bytes[middle] ?? 0) ^ 1, middle);
    await writeFile(path, bytes);
  }
}

/** With what `npm install -g` of the packed file brings, somewhere else, and what root's build has cached. */
async function buildFromPackage({ cache, terminal, within = [] }: Builds): Promise<Built> {
  const folder = await mkdtemp("/var/tmp/stack-npm-");
  try {
    const { bin } = await installPackage(folder);
    const environment = [`--chdir=${folder}`, `XDG_CACHE_HOME=${cache}`, `XDG_CONFIG_HOME=${cache}/config`];
    return await buildOnce([...within, "env", ...environment, join(bin, "build-template")], terminal);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
