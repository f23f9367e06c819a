/** Images on paper: made of layers with next to nothing in them, judged by their own bytes and by GNU tar. */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import t from "tap";
import { closureOf, readInstalled } from "../../../../builder/targets/image/closure-of.ts";
import { type ImageArtefacts, type ImageFlags, renderImages } from "../../../../builder/targets/image/render.ts";
import { verifyImages } from "../../../../builder/targets/image/verify.ts";
import { run } from "../../../../lib/run.ts";
import { stackModel } from "../../../stack/stack-model.ts";
import { paperLayers } from "./paper-layers.ts";

type T = Pick<typeof import("tap").default, "testdir" | "teardown">;

const model = stackModel();
const machine = { hostname: "build-host-7", authorities: "", publicAuthorities: [] };
const quiet = {
  step: <R>(_: string, __: string, use: () => Promise<R>): Promise<R> => use(),
} as unknown as Parameters<typeof renderImages>[1];

interface Descriptor {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
  readonly artifactType?: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly subject?: Descriptor;
  readonly artifactType?: string;
}

async function images(t: T, flags: ImageFlags = {}, code: Readonly<Record<string, string>> = {}) {
  const out = t.testdir();
  const made = await renderImages(await paperLayers(model, out, code), quiet, flags);
  return { out, made };
}

/** A layout's files, read as what they are. */
function layoutOf({ images: folder }: ImageArtefacts) {
  const json = <R>(path: string): R => JSON.parse(readFileSync(join(folder, path), "utf8"));
  const blob = (digest: string): Buffer => readFileSync(join(folder, "blobs", digest.replace(":", "/")));
  const index = json<{ readonly manifests: readonly Descriptor[] }>("index.json");
  const manifests = new Map(
    index.manifests.map((one) => [
      one.annotations?.["org.opencontainers.image.ref.name"] ?? one.digest,
      { descriptor: one, manifest: JSON.parse(blob(one.digest).toString()) as Manifest },
    ]),
  );
  const imageOf = (reference: string) => {
    const found = manifests.get(reference);
    if (found === undefined) throw new Error(`there is no image ${reference}`);
    return found;
  };
  return { json, blob, index, manifests, folder, imageOf };
}

/** Names in a layer, by GNU tar. */
function listed(blob: Buffer): string[] {
  return execFileSync("tar", ["--list", "--gzip"], { input: blob })
    .toString()
    .split("\n")
    .filter((line) => line !== "");
}

const reference = (name: string): string => `localhost/stock-analysis/${name}:${model.version}`;

t.test("every blob is named by its sha256, and every descriptor tells its size and type", async (t) => {
  const { made } = await images(t, { layout: true, databases: true });
  const { blob, index, json, manifests, folder } = layoutOf(made);
  t.same(json("oci-layout"), { imageLayoutVersion: "1.0.0" });
  for (const name of readdirSync(join(folder, "blobs/sha256"))) {
    const hash = createHash("sha256")
      .update(blob(`sha256:${name}`))
      .digest("hex");
    t.equal(hash, name);
  }
  t.match(index, { schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json" });
  const names = [...model.services.map(({ name }) => name), "postgres", "redis", "rabbitmq"];
  t.same(
    [...manifests.keys()].filter((name) => !name.startsWith("sha256:")),
    names.map(reference),
  );
  for (const { descriptor, manifest } of manifests.values()) {
    t.equal(descriptor.mediaType, "application/vnd.oci.image.manifest.v1+json");
    for (const { digest, size } of [descriptor, manifest.config, ...manifest.layers])
      t.equal(blob(digest).length, size);
    if (manifest.subject !== undefined) continue;
    t.equal(manifest.config.mediaType, "application/vnd.oci.image.config.v1+json");
    const { rootfs } = JSON.parse(blob(manifest.config.digest).toString());
    for (const [at, { digest, mediaType }] of manifest.layers.entries()) {
      t.equal(mediaType, "application/vnd.oci.image.layer.v1.tar+gzip");
      t.equal(
        `sha256:${createHash("sha256")
          .update(gunzipSync(blob(digest)))
          .digest("hex")}`,
        rootfs.diff_ids[at],
      );
    }
  }
});

t.test("the same input gives the same bytes; an edit of a service changes its own uppermost layer alone", async (t) => {
  const { made: first } = await images(t);
  const { made: second } = await images(t);
  t.equal(second.sha256, first.sha256);
  const { made: edited } = await images(t, {}, { "event-bus": "print('better')\n" });
  t.not(edited.sha256, first.sha256);
  const changed = first.list.flatMap(({ name, layers }) => {
    const now = edited.list.find((one) => one.name === name)?.layers ?? [];
    return layers.flatMap((layer, at) => (now[at]?.digest === layer.digest ? [] : [`${name}: ${layer.name}, ${at}`]));
  });
  t.same(changed, ["event-bus: image-code-event-bus, 4"]);
});

t.test("what images have in common is one blob", async (t) => {
  const { made } = await images(t, { databases: true });
  const lowest = new Set(made.list.map(({ layers }) => layers[0]?.digest));
  t.equal(lowest.size, 1);
  const services = made.list.filter(({ name }) => model.services.some((one) => one.name === name));
  t.equal(new Set(services.map(({ layers }) => layers[1]?.digest)).size, 1);
});

t.test(
  "a service's image has what it needs to run and nothing of servers, compilers, systemd and others",
  async (t) => {
    const { made } = await images(t, { layout: true });
    const { blob, imageOf } = layoutOf(made);
    const layers = imageOf(reference("monitoring")).manifest.layers.map(({ digest }) => listed(blob(digest)));
    const names = layers.flat();
    for (const wanted of [
      ...["./usr/bin/bash", "./usr/bin/sh", "./usr/lib/libc.so", "./usr/bin/python3", "./usr/lib/libpython.so"],
      ...["./usr/lib/python3/__pycache__/a.cpython-311.pyc", "./etc/ssl/certs/ca-certificates.crt", "./usr/bin/curl"],
      ...["./etc/passwd", "./etc/mine.conf", "./tmp/", "./usr/local/bin/stack-healthcheck"],
      "./opt/stock-analysis/venvs/monitoring/lib/pg.py",
      "./opt/stock-analysis/services/monitoring/releases/0/app.py",
    ]) {
      t.ok(names.includes(wanted), wanted);
    }
    t.same(
      names.filter((name) => /postgresql|redis-server|rabbitmq|gcc|systemd|frontend|event-bus/.test(name)),
      [],
    );
    const status = execFileSync("tar", ["--extract", "--gzip", "--to-stdout", "./var/lib/dpkg/status"], {
      input: blob(imageOf(reference("monitoring")).manifest.layers[1]?.digest ?? ""),
    }).toString();
    t.same([...status.matchAll(/^Package: (.*)$/gm)].map(([, name]) => name).sort(), [
      ...["base-files", "bash", "curl", "git", "libc6", "libpq5", "libpython3.11", "python3"],
    ]);
  },
);

t.test("files that services share by hard links are in each one's image", async (t) => {
  const { made } = await images(t, { layout: true });
  const { blob, imageOf } = layoutOf(made);
  for (const { name, venv } of model.services) {
    const layer = blob(imageOf(reference(name)).manifest.layers[2]?.digest ?? "");
    const folder = mkdtempSync(join(tmpdir(), "image-layer-"));
    t.teardown(() => rmSync(folder, { recursive: true, force: true }));
    execFileSync("tar", ["--extract", "--gzip", "-C", folder], { input: layer });
    for (const file of ["lib/pg.py", "lib/redis.py"]) {
      t.equal(readFileSync(join(folder, `${venv}`, file), "utf8"), `# ${file}\n`, name);
    }
  }
});

t.test("a container is told what the unit is told: number, command, port, settings, signal, health", async (t) => {
  const { made } = await images(t, { layout: true });
  const { blob, imageOf } = layoutOf(made);
  const { manifest } = imageOf(reference("event-bus"));
  const { config, architecture, os, created } = JSON.parse(blob(manifest.config.digest).toString());
  const service = model.services.find(({ name }) => name === "event-bus");
  t.match(
    { architecture, os, created, ...config },
    {
      ...{ architecture: "amd64", os: "linux", created: "2025-01-01T00:00:00Z" },
      User: `${service?.id}:${service?.id}`,
      ExposedPorts: { "8003/tcp": {} },
      Entrypoint: ["/opt/stock-analysis/services/event-bus/current/venv/bin/python", "-m", "reference_service"],
      WorkingDir: "/opt/stock-analysis/services/event-bus/current",
      StopSignal: "SIGTERM",
      Healthcheck: { Test: ["CMD", "/usr/local/bin/stack-healthcheck", "8003", "/health"], Interval: 5_000_000_000 },
      Labels: { "org.opencontainers.image.version": model.version },
    },
  );
  for (const line of [
    ...["SERVICE_NAME=event-bus", "SERVICE_PORT=8003", "POSTGRES_HOST=postgres", "RABBITMQ_HOST=rabbitmq"],
    ...["REDIS_NODES=redis-6379:6379,redis-6380:6380,redis-6381:6381", "STACK_SECRETS_DIR=/run/secrets"],
    "RABBITMQ_QUEUE=stock-analysis-event-bus",
  ]) {
    t.ok(config.Env.includes(line), line);
  }
  t.notMatch(config.Env.join("\n"), /127\.0\.0\.1|password=/i);
});

t.test("its bill of materials refers to the image, and names its packages alone", async (t) => {
  const { made } = await images(t, { layout: true });
  const { blob, index, manifests, imageOf } = layoutOf(made);
  const { descriptor } = imageOf(reference("frontend"));
  const referrers = [...manifests.values()].filter(({ manifest }) => manifest.subject?.digest === descriptor.digest);
  t.equal(referrers.length, 1);
  const { manifest: artifact, descriptor: listed } = referrers[0] ?? imageOf("none");
  t.equal(artifact.artifactType, "application/vnd.cyclonedx+json");
  t.equal(index.manifests.find(({ digest }) => digest === listed.digest)?.artifactType, artifact.artifactType);
  const document = JSON.parse(blob(artifact.layers[0]?.digest ?? "").toString());
  t.match(document, { bomFormat: "CycloneDX", metadata: { component: { name: "stock-analysis/frontend" } } });
  const names = document.components.map(({ name }: { readonly name: string }) => name);
  for (const name of ["python3", "libc6", "pg8000", "frontend"]) t.ok(names.includes(name), name);
  for (const name of ["postgresql-15", "gcc", "stack-agent", "uv"]) t.notOk(names.includes(name), name);
});

t.test("--whole is one image of all of the template's layers, which systemd boots", async (t) => {
  const out = t.testdir();
  const layers = await paperLayers(model, out);
  const made = await renderImages(layers, quiet, { whole: true, layout: true });
  t.same(
    made.list.map(({ reference: name, layers }) => [name, layers.map(({ name }) => name)]),
    [[reference("stack"), ["base", "python"]]],
  );
  const { blob, imageOf } = layoutOf(made);
  const { config } = JSON.parse(blob(imageOf(reference("stack")).manifest.config.digest).toString());
  t.match(config, { User: "0:0", Entrypoint: ["/sbin/init"], StopSignal: "SIGRTMIN+3" });
  const ports = Object.keys(config.ExposedPorts);
  t.ok(ports.includes("8000/tcp") && ports.includes("8005/tcp"));
  t.notOk(ports.includes("5432/tcp"), "what listens on loopback alone is told to nobody");
});

t.test("--repository is what names begin with", async (t) => {
  const { made } = await images(t, { repository: "registry.example/team" });
  t.equal(made.list[0]?.reference, `registry.example/team/${model.services[0]?.name}:${model.version}`);
});

t.test("docker's list beside it names the same blobs", async (t) => {
  const { made } = await images(t, { layout: true });
  const { json, imageOf } = layoutOf(made);
  const list = json<{ Config: string; RepoTags: string[]; Layers: string[] }[]>("manifest.json");
  t.equal(list.length, model.services.length);
  for (const { Config, RepoTags, Layers } of list) {
    const { manifest } = imageOf(RepoTags[0] ?? "");
    t.equal(Config, `blobs/${manifest.config.digest.replace(":", "/")}`);
    t.same(
      Layers,
      manifest.layers.map(({ digest }) => `blobs/${digest.replace(":", "/")}`),
    );
  }
});

t.test("an archive of images passes verify; a bent one does not, and why is said", async (t) => {
  const { made } = await images(t, { databases: true });
  t.match(made.images, /stock-analysis_.*-[0-9a-f]{8}_amd64\.oci\.tar$/);
  const options = { machine, run, signal: new AbortController().signal };
  const report = await verifyImages({ file: made.images, ...options });
  t.same(
    report.checks.filter(({ state }) => state !== "ok"),
    [],
  );
  const bytes = readFileSync(made.images);
  // In the middle of the largest blob.
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 0xff;
  writeFileSync(made.images, bytes);
  const bent = await verifyImages({ file: made.images, ...options });
  t.equal(bent.status, "fail");
  t.match(
    bent.checks.filter(({ state }) => state === "failed").map(({ name }) => name),
    ["checksum", "blobs"],
  );
  writeFileSync(made.images, "noise");
  t.match(await verifyImages({ file: made.images, ...options }), { status: "fail" });
});

t.test("what a package needs comes along: any of several, what another provides, each once", async (t) => {
  const installed = readInstalled(
    [
      "Package: a\nDepends: b (>= 1) | c, d:any\nDescription: x\n Depends: no",
      "Package: c\nPre-Depends: e",
      "Package: real\nProvides: d, other (= 2)",
      "Package: e\nEssential: yes\nDepends: a",
    ].join("\n\n"),
  );
  t.same([...closureOf(["a"], installed)].sort(), ["a", "c", "e", "real"]);
  t.ok(installed.get("e")?.essential);
  t.throws(() => closureOf(["none"], installed), { code: "no-such-package" });
});
