/** A base made from Debian's real archives through a proxy that spoils what comes, in each way that a mirror does. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t from "tap";
import { debianArchives } from "../../builder/apt/debian-archives.ts";
import { type Apt, openApt } from "../../builder/apt/open-apt.ts";
import { withContext } from "../../builder/build/build.ts";
import { planBuild } from "../../builder/build/plan-build.ts";
import { cachedLayer } from "../../builder/cache/cached-layer.ts";
import { buildOptions } from "../../builder/cli/build-options.ts";
import type { BuildContext } from "../../builder/context.ts";
import { buildBase } from "../../builder/layers/base/base.ts";
import type { BaseFacts } from "../../builder/layers/base/facts.ts";
import { silentLog } from "../../lib/log.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import { projectFolder as project } from "../../lib/project-folder.ts";
import { type Run, run } from "../../lib/run.ts";
import { debian } from "./debian.ts";
import { needs } from "./needs.ts";
import { passingProxy } from "./passing-proxy.ts";

t.setTimeout(30 * 60_000);

if (needs(t, process.getuid?.() === 0 ? "" : "one user is enough, and root's build is the quicker one")) {
  const here = mkdtempSync("/var/tmp/stack-mirror-");
  t.teardown(() => rmSync(here, { recursive: true, force: true }));
  const proxy = await passingProxy();
  t.teardown(() => proxy.close());
  const { http_proxy: before } = process.env;
  process.env.http_proxy = proxy.address;
  process.env.XDG_CACHE_HOME = join(here, "cache");
  process.env.TMPDIR = here;
  t.teardown(() => {
    if (before === undefined) delete process.env.http_proxy;
    else process.env.http_proxy = before;
  });
  const stack = join(here, "stack.yaml");
  // Any service: a stack has one at least.
  writeFileSync(stack, `name: tiny\nversion: 1.0.0\ndebian: ${debian.suite}\nservices:\n  one:\n    port: 8101\n`);
  const { signal } = new AbortController();

  const work = async <T>(make: (context: BuildContext) => Promise<T>): Promise<{ made: T; said: string }> => {
    const lines: string[] = [];
    const options = await buildOptions(stack, { out: join(here, "out"), format: "zst", arch: "amd64" });
    const progress = plainProgress((line) => lines.push(line));
    const made = await withContext({ ...options, project }, progress, signal, make);
    return { made, said: lines.join("\n") };
  };
  const planned = () => work(async (context) => (await planBuild(context, { dry: true })).base.versions);
  const built = () =>
    work(async (context) => {
      const { base: inputs } = await planBuild(context, { dry: false });
      const apart = { ...context, run: withoutNetwork(context.run) };
      const recipe = { name: "base", inputs, online: true, make: () => buildBase(inputs, apart, []) };
      const { index, cached } = await cachedLayer(recipe, context);
      return { cached, versions: inputs.versions, installed: (index.facts as BaseFacts).packages };
    });

  t.test(
    "a base is made whatever the mirror does, with what can be had, and all of it fetched beforehand",
    async (t) => {
      const newer = await withOlder((await planned()).made);
      if (newer === undefined) t.comment("no update in this base has an older version: none can be missing");
      else proxy.spoil(new RegExp(newer.file), { status: 404 });
      proxy.spoil(/-updates\/InRelease$/, { status: 503 }, 1);
      proxy.spoil(/Packages/, { cut: 5_000 }, 1);
      proxy.spoil(/\.deb$/, { cut: 1_000 }, 1);
      proxy.asked();
      mkdirSync(join(here, "new"));
      process.env.XDG_CACHE_HOME = join(here, "new");
      const { said, made } = await built();
      const { versions, installed } = made;
      t.match(said, /-updates can't be reached: tried again/);
      if (newer !== undefined) {
        t.match(said, `${newer.name} ${newer.version}: the archive names it, and its file can't be had; planned again`);
        t.match(said, `warning: ${newer.name} ${newer.version} can't be had`);
        t.match(
          installed.find(({ name }) => name === newer.name),
          { version: versions[newer.name] },
        );
        t.not(versions[newer.name], newer.version);
      }

      await t.test("a plan and a next build stand by it", async (t) => {
        proxy.asked();
        t.strictSame((await planned()).made, versions);
        t.ok((await built()).made.cached);
        t.equal(
          proxy.asked().filter((url) => url.endsWith(".deb")).length,
          newer === undefined ? 0 : 2,
          "but for a look",
        );
      });
    },
  );

  /** mmdebstrap reaches nothing. */
  function withoutNetwork(run: Run): Run {
    return (command, args, options) => {
      if (![command, ...args].includes("mmdebstrap")) return run(command, args, options);
      return run(command, args, { ...options, env: { ...options?.env, http_proxy: "http://127.0.0.1:9" } });
    };
  }

  /** A package whose newest version is an update, and that has an older one too. */
  async function withOlder(versions: Readonly<Record<string, string>>) {
    const { suite } = debian;
    const of = { archives: debianArchives(suite), architecture: "amd64", run, log: silentLog, signal };
    const apt = await openApt({ ...of, folder: join(here, "look") });
    await apt.update();
    for (const [name, version] of Object.entries(versions)) {
      const all = await lookAt(apt, name);
      const found = all.filter((one) => one.version === version);
      if (found.length < all.length && found.length === 1 && found[0]?.suite !== suite) {
        const { stdout } = await apt.apt("apt-cache", ["show", `${name}=${version}`]);
        return { name, version, file: /^Filename: .*\/(\S+)$/m.exec(stdout)?.[1]?.replaceAll("+", "\\+") ?? "" };
      }
    }
    return undefined;
  }

  /** Versions and where they are: `NAME | VERSION | URI SUITE/main amd64 Packages`. */
  async function lookAt(apt: Apt, name: string) {
    const { stdout } = await apt.apt("apt-cache", ["madison", name]);
    return stdout
      .split("\n")
      .map((line) => line.split("|").map((word) => word.trim()))
      .filter(([own]) => own === name)
      .map(([, version = "", from = ""]) => ({ version, suite: from.split(/[ /]+/).at(-4) ?? from }));
  }
}
