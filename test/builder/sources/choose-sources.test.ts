import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { Resolution } from "../../../builder/apt/resolve-packages.ts";
import type { BuildContext } from "../../../builder/context.ts";
import { chooseSources, type Finders } from "../../../builder/sources/choose-sources.ts";
import type { Finder } from "../../../builder/sources/finder.ts";
import { lockPath } from "../../../builder/sources/lock.ts";
import { StackError } from "../../../lib/error.ts";
import { type RabbitmqSource, rabbitmqSources } from "../../../stack/components/rabbitmq/sources.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";

const resolved: Resolution = {
  schemaVersion: 1,
  releases: [{ uri: "http://mirror.example.org/debian", suite: "bookworm", sha256: "0" }],
  packages: [{ name: "rabbitmq-server", version: "3.10.8-1.1+deb12u1" }],
};

const has =
  (version?: string): Finder =>
  async () => ({ versions: version === undefined ? {} : { "rabbitmq-server": version } });
const fails =
  (code: string): Finder =>
  async () => {
    throw new StackError(code, "for a reason", { hint: "do something" });
  };
const nothing: Finder = async () => undefined;
const all: Readonly<Record<RabbitmqSource, Finder>> = {
  vendor: has("4.2.9-1"),
  relocated: has("4.0.5-6"),
  debian: has(),
};

interface Asked {
  readonly sources: readonly RabbitmqSource[];
  readonly finders?: Partial<typeof all>;
  readonly minimum?: string;
  readonly locked?: string;
  readonly debian?: string;
  readonly update?: boolean;
  readonly dry?: boolean;
}

async function choose(
  t: Test,
  { sources, finders = {}, minimum = "3.12", locked, debian, update, dry = false }: Asked,
) {
  const file = join(t.testdir(), "stack.yaml");
  if (locked !== undefined) writeFileSync(lockPath(file), locked);
  const text = `name: shop\nversion: 1.0.0\ndebian: ${debian ?? "bookworm"}\nrabbitmq: {sources: [${sources.join(", ")}], minimumVersion: "${minimum}"}\nservices: {web: {port: 9001}}\n`;
  const told: string[] = [];
  const context = {
    model: resolve(parseDefinition(text, file)),
    definition: { file, text, folder: "" },
    log: (_level: string, line: string) => void told.push(line),
    ...(update && { update }),
  } as unknown as BuildContext;
  const by = { ...all, ...finders };
  const kinds: Finders = { apt: by.vendor, relocated: by.relocated, debian: by.debian, files: nothing };
  const [chosen] = await chooseSources(context, Promise.resolve(resolved), dry, kinds);
  const kept = existsSync(lockPath(file)) ? JSON.parse(readFileSync(lockPath(file), "utf8")) : undefined;
  rmSync(lockPath(file), { force: true });
  return {
    source: chosen?.name,
    told: told.join("\n"),
    kept: kept?.rabbitmq?.[debian ?? "bookworm"],
    lock: kept?.rabbitmq,
  };
}

const lock = (source: string): string => JSON.stringify({ schemaVersion: 1, rabbitmq: { bookworm: source } });
const every = ["vendor", "relocated", "debian"] as const;

t.test(
  "the first source that has a RabbitMQ as new as asked for is taken, and kept beside the definition",
  async (t) => {
    for (const [what, asked, source] of [
      ["the first", { sources: every }, "vendor"],
      ["the order is the definition's", { sources: ["relocated", "vendor"] }, "relocated"],
      [
        "one that can't be reached is passed over",
        { sources: every, finders: { vendor: fails("mirror-unreachable") } },
        "relocated",
      ],
      [
        "one that the release has not too",
        { sources: every, finders: { vendor: nothing, relocated: nothing } },
        "debian",
      ],
      ["one that is too old too", { sources: every, minimum: "4.1", finders: { vendor: has("4.0.9-1") } }, "debian"],
      ["Debian's own, where that is new enough", { sources: ["debian", "vendor"], minimum: "3.10" }, "debian"],
    ] as const satisfies readonly (readonly [string, Asked, RabbitmqSource])[]) {
      const { kept, ...found } = await choose(t, asked);
      t.equal(found.source, source, what);
      t.equal(kept, source, `${what}: kept`);
    }
    const { told } = await choose(t, { sources: every, finders: { vendor: fails("mirror-unreachable") } });
    t.match(
      told,
      /^RabbitMQ from vendor: for a reason; the next source is tried\nRabbitMQ comes from relocated; .*stack\.lock\.json keeps that until --update$/,
    );
  },
);

t.test("what was found once holds until it is asked for anew", async (t) => {
  t.match(await choose(t, { sources: every, locked: lock("debian") }), { source: "debian", told: "" });
  t.match(await choose(t, { sources: every, locked: lock("debian"), update: true }), {
    source: "vendor",
    kept: "vendor",
  });
  t.match(await choose(t, { sources: ["relocated", "debian"], locked: lock("vendor") }), {
    source: "relocated",
    kept: "relocated",
  });
  await t.rejects(
    choose(t, { sources: every, locked: lock("vendor"), finders: { vendor: fails("mirror-unreachable") } }),
    {
      code: "source-unreachable",
      hint: "do something; --update chooses a source anew",
    },
  );
});

t.test("each Debian release has a choice of its own, and keeps the other's", async (t) => {
  const found = await choose(t, {
    sources: every,
    debian: "trixie",
    locked: lock("relocated"),
    finders: { vendor: nothing, relocated: nothing },
  });
  t.match(found, { source: "debian", lock: { bookworm: "relocated", trixie: "debian" } });
});

t.test("a look keeps nothing, and where there is one source there is nothing to keep", async (t) => {
  t.match(await choose(t, { sources: every, dry: true }), { source: "vendor", kept: undefined });
  t.match(await choose(t, { sources: ["relocated"] }), { source: "relocated", kept: undefined });
  t.match(await choose(t, { sources: ["debian"], locked: lock("vendor") }), { source: "debian" });
});

t.test("a wrong signature is never passed over", async (t) => {
  await t.rejects(choose(t, { sources: every, finders: { vendor: fails("untrusted-source") } }), {
    code: "untrusted-source",
  });
});

t.test("without any source, or with a lock that no build wrote, that is told", async (t) => {
  const unreachable = fails("mirror-unreachable");
  await t.rejects(
    choose(t, { sources: ["vendor", "relocated"], finders: { vendor: unreachable, relocated: unreachable } }),
    { code: "no-source" },
  );
  await t.rejects(
    choose(t, { sources: ["vendor"], finders: { vendor: unreachable } }),
    { code: "mirror-unreachable", hint: "do something" },
    "of a single source what it said itself",
  );
  await t.rejects(choose(t, { sources: ["relocated"], finders: { relocated: nothing } }), { code: "no-source" });
  for (const text of ["", "{}", lock("elsewhere")]) {
    await t.rejects(choose(t, { sources: every, locked: text }), { code: "bad-lock" });
    t.match(await choose(t, { sources: every, locked: text, update: true }), { kept: "vendor" }, "written anew");
  }
});

t.test("a target that takes Debian's packages alone has Debian's, and keeps nothing", async (t) => {
  const file = join(t.testdir(), "stack.yaml");
  const text = "name: shop\nversion: 1.0.0\nrabbitmq: {sources: [vendor]}\nservices: {web: {port: 9001}}\n";
  const context = {
    ...{ model: resolve(parseDefinition(text, file)), definition: { file, text, folder: "" }, debianOnly: true },
  } as unknown as BuildContext;
  t.match(await chooseSources(context, Promise.resolve(resolved), false), [{ name: "debian", versions: {} }]);
  t.notOk(existsSync(lockPath(file)));
});

t.test("of an apt repository's answer, what is as in Debian's own archive is Debian's", async (t) => {
  const whole: Resolution = { ...resolved, packages: [...resolved.packages, { name: "curl", version: "7.88" }] };
  const finder: Finder = async () => ({
    versions: { "rabbitmq-server": "4.2.9-1", curl: "7.88" },
    repositories: { sources: "", preferences: "" },
  });
  const text = "name: shop\nversion: 1.0.0\nrabbitmq: {sources: [vendor]}\nservices: {web: {port: 9001}}\n";
  const context = { model: resolve(parseDefinition(text, "stack.yaml")) } as unknown as BuildContext;
  const kinds: Finders = { apt: finder, relocated: nothing, debian: nothing, files: nothing };
  t.match(await chooseSources(context, Promise.resolve(whole), true, kinds), [
    { component: "rabbitmq", name: "vendor", source: rabbitmqSources.vendor },
  ]);
  t.strictSame((await chooseSources(context, Promise.resolve(whole), true, kinds))[0]?.versions, {
    "rabbitmq-server": "4.2.9-1",
  });
});
