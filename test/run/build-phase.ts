import { appendFile, cp, glob, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { isStackError, messageOf } from "../../lib/error.ts";
import { run } from "../../lib/run.ts";
import { installPackage } from "../npm/install-package.ts";
import { type Built, buildOnce, type LayerName, layers, rebuilt, same, stem } from "./build-once.ts";
import { type User, withUser } from "./other-machine.ts";
import type { Counts } from "./tap-counts.ts";

/**
 * Builds the default template twice from nothing, as root and as an ordinary user made for it
 * whose machine differs in all that may not matter; then again out of what each has cached, and
 * from the installed npm package.
 *
 * @param cache folder for root's layers, empty
 * @returns the counts, and the template's path where root's build went well
 */
export async function buildPhase(cache: string): Promise<{ readonly counts: Counts; readonly template?: string }> {
  const failures: string[] = [];
  let count = 0;
  const prove = async <T>(promise: string, proof: () => Promise<T>): Promise<T | undefined> => {
    count++;
    const started = Date.now();
    try {
      const result = await proof();
      process.stdout.write(`ok - ${promise} # ${Math.round((Date.now() - started) / 100) / 10} s\n`);
      return result;
    } catch (error) {
      process.stdout.write(`not ok - ${promise}\n  ${messageOf(error)}\n`);
      for (const line of isStackError(error) ? error.detail : []) process.stdout.write(`  ${line}\n`);
      failures.push(promise);
      return undefined;
    }
  };
  const rootTo = (out: string) => ["env", `XDG_CACHE_HOME=${cache}`, resolve("bin/build-template"), "--out", out];
  const asRoot = rootTo(resolve("dist"));
  const gz = await prove("root builds the default template from an empty cache", async () =>
    rebuilt(await buildOnce(asRoot), layers),
  );
  if (gz !== undefined) {
    await prove("what is built again out of the cache has the same bytes", async () =>
      same(rebuilt(await buildOnce(asRoot), []), gz),
    );
    await prove("offline, on a machine without a network, what is cached is enough", async () =>
      same(rebuilt(await buildOnce(["unshare", "--net", ...asRoot, "--offline"]), []), gz),
    );
    await prove("a damaged layer of the cache is noticed and made anew, and the bytes are the same", async () => {
      await damage(cache, "agent");
      same(rebuilt(await buildOnce(asRoot), ["agent"]), gz);
    });
    await prove("the npm package, installed, builds the same bytes", async () =>
      same(rebuilt(await buildFromPackage(cache), []), gz),
    );
    await withUser(async (user) => {
      await lendBackport(cache, user);
      const promise = "an ordinary user, host name, umask, locale, time zone, folders, cores: the same content";
      const zst = await prove(promise, async () => {
        const made = rebuilt(await buildOnce([...user.command, "--format", "zst"]), layers);
        if (stem(made) !== stem(gz)) throw new Error(`${basename(made.template)}, not ${basename(gz.template)}`);
        return made;
      });
      if (zst === undefined) return;
      await prove("out of layers that were kept as zst, the gz has the bytes of the one built as gz", async () =>
        same(rebuilt(await buildOnce(user.command), []), gz),
      );
      await prove("out of layers that were kept as gz, the zst has the bytes of the one built as zst", async () => {
        // Elsewhere: both have one manifest's name, and the gz is for the tests that follow.
        const out = await mkdtemp("/var/tmp/stack-zst-");
        try {
          same(rebuilt(await buildOnce([...rootTo(out), "--format", "zst"]), []), zst);
        } finally {
          await rm(out, { recursive: true, force: true });
        }
      });
      await edits(user, gz, prove);
    });
  }
  const counts: Counts = { passed: count - failures.length, failed: failures.length, skipped: [], failures };
  return gz === undefined ? { counts } : { counts, template: gz.template };
}

/** A line of the edit, in a file of the project, and the layers that are made anew for it. */
const edited: readonly { what: string; file: string; line: string; anew: readonly LayerName[] }[] = [
  { what: "a file of the overlay", file: "rootfs-overlay/etc/motd.ejs", line: "edited", anew: ["overlay"] },
  { what: "the agent", file: "agent/cli.ts", line: 'process.title = "edited";', anew: ["agent", "overlay"] },
];

/** What takes ten minutes is made once: the user's packages for RabbitMQ are root's. */
async function lendBackport(cache: string, { project, home }: User): Promise<void> {
  const theirs = join(home, ".cache/proxmox-stack/layers");
  const names = await readdir(join(cache, "proxmox-stack/layers"));
  const { uid, gid } = await stat(project);
  await mkdir(theirs, { recursive: true });
  for (const name of names.filter((one) => one.startsWith("backport-"))) {
    await cp(join(cache, "proxmox-stack/layers", name), join(theirs, name), { recursive: true });
  }
  await run("chown", ["--recursive", `${uid}:${gid}`, join(home, ".cache")]);
}

async function edits(user: User, gz: Built, prove: <T>(promise: string, proof: () => Promise<T>) => Promise<unknown>) {
  for (const { what, file, line, anew } of edited) {
    await prove(`an edit of ${what} makes ${anew.join(" and ")} anew, nothing else`, async () => {
      const path = join(user.project, file);
      const text = await readFile(path);
      await appendFile(path, `${line}\n`);
      try {
        const made = rebuilt(await buildOnce(user.command), anew);
        if (stem(made) === stem(gz)) throw new Error("the template is the old one");
      } finally {
        await writeFile(path, text);
      }
    });
  }
  await prove("with the edits undone the first template comes out again", async () =>
    same(rebuilt(await buildOnce(user.command), []), gz),
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
async function buildFromPackage(cache: string): Promise<Built> {
  const folder = await mkdtemp("/var/tmp/stack-npm-");
  try {
    const { bin } = await installPackage(folder);
    const environment = [`--chdir=${folder}`, `XDG_CACHE_HOME=${cache}`];
    return await buildOnce(["env", ...environment, join(bin, "build-template")]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
