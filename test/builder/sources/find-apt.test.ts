/** The RabbitMQ team's repositories, as they are laid out, on loopback: nothing here reaches the real ones. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t, { type Test } from "tap";
import type { BuildContext } from "../../../builder/context.ts";
import { findApt } from "../../../builder/sources/find-apt.ts";
import { fingerprintOf } from "../../../builder/sources/fingerprint.ts";
import { silentLog } from "../../../lib/log.ts";
import { type Run, run } from "../../../lib/run.ts";
import { rabbitmqSources } from "../../../stack/components/rabbitmq/sources.ts";
import type { AptSource, PackageSources } from "../../../stack/package-sources.ts";
import { type AptArchive, aptArchive, type Offered } from "../apt/apt-archive.ts";
import { debianMirror, type MirroredPackage } from "../apt/debian-mirror.ts";

t.setTimeout(300_000);

const suite = "bookworm";
const debian: readonly MirroredPackage[] = [
  ...["apt", "base-files", "dpkg"].map((name): MirroredPackage => ({ name, version: "1.0", essential: true })),
  { name: "rabbitmq-server", version: "3.10.8-1", depends: "erlang-base" },
  { name: "erlang-base", version: "1:25.2" },
  { name: "curl", version: "7.88" },
];
const erlang: readonly Offered[] = [
  { name: "erlang-base", version: "1:27.3.4-1" },
  { name: "erlang-base", version: "1:28.1-1" },
  // What must not come from there, however new it is.
  { name: "curl", version: "99" },
];
const server: readonly Offered[] = [
  { name: "rabbitmq-server", version: "4.0.9-1", depends: "erlang-base (>= 1:26.2)" },
  { name: "rabbitmq-server", version: "4.2.9-1", depends: "erlang-base (>= 1:26.2)" },
];
const signal = new AbortController().signal;

interface Asked {
  readonly mirrors?: readonly string[];
  readonly key?: string;
  readonly fingerprint?: string;
  readonly folder: string;
}

t.test("signed repositories", async (t) => {
  const main = await debianMirror(suite, run);
  t.teardown(() => main.close());
  main.offer("main", debian);
  for (const part of ["updates", "security"] as const) main.offer(part, [{ name: "unwanted", version: "1" }]);
  const vendor = await archiveIn(t, "vendor", { origin: "RabbitMQ" });
  vendor.offer(erlang, "rabbitmq-erlang/debian/bookworm");
  vendor.offer(server, "rabbitmq-server/debian/bookworm");
  const key = vendor.key();
  const ask = ({ mirrors = [vendor.uri], key: with_ = key, fingerprint = fingerprintOf(with_), folder }: Asked) => {
    const source: AptSource = {
      ...rabbitmqSources.vendor,
      ...{ mirrors, fingerprint, key: join(folder, "key.asc") },
      paths: { [suite]: ["rabbitmq-erlang/debian", "rabbitmq-server/debian"] },
    };
    writeFileSync(source.key, with_);
    const sources: PackageSources = {
      ...{
        label: "RabbitMQ",
        package: "rabbitmq-server",
        least: "3.12",
        asked: ["vendor"],
        setting: "rabbitmq.sources",
      },
      of: { vendor: source },
    };
    return findApt(source, sources, contextOf(folder, main.run), true);
  };

  await t.test("the newest server is taken with Erlang 27, and nothing else from there", async (t) => {
    const folder = t.testdir();
    const found = await ask({ folder });
    t.match(found?.versions, { "rabbitmq-server": "4.2.9-1", "erlang-base": "1:27.3.4-1", curl: "7.88" });
    t.match(
      found?.repositories?.sources,
      /^Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n \.\n/m,
      "the key is in it",
    );
  });

  await t.test("a signature by another key is refused, and told", async (t) => {
    const other = await archiveIn(t, "other", { origin: "RabbitMQ" });
    await t.rejects(ask({ folder: t.testdir(), key: other.key() }), {
      code: "untrusted-source",
      detail: [/NO_PUBKEY/],
    });
  });

  await t.test("a key that is not the one its owner published is not used at all", async (t) => {
    await t.rejects(ask({ folder: t.testdir(), fingerprint: rabbitmqSources.vendor.fingerprint }), {
      code: "wrong-key",
    });
  });

  await t.test("so is an index that was changed after it was signed", async (t) => {
    vendor.offer(server, "rabbitmq-server/debian/bookworm", { tampered: true });
    await t.rejects(ask({ folder: t.testdir() }), { code: "untrusted-source" });
  });

  await t.test("and one whose time is over", async (t) => {
    vendor.offer(server, "rabbitmq-server/debian/bookworm", { validUntil: new Date(Date.now() - 3_600_000) });
    await t.rejects(ask({ folder: t.testdir() }), { code: "untrusted-source", detail: [/expired/] });
    vendor.offer(server, "rabbitmq-server/debian/bookworm");
  });

  await t.test("of two mirrors the second serves where the first can't be reached", async (t) => {
    const found = await ask({ folder: t.testdir(), mirrors: [await nobody(), vendor.uri] });
    t.match(found?.versions, { "rabbitmq-server": "4.2.9-1" });
  });

  await t.test("and where what the first has does not fit together", async (t) => {
    const ill = await archiveIn(t, "ill", { origin: "RabbitMQ" });
    const mirrors = [ill.uri, vendor.uri];
    t.match((await ask({ folder: t.testdir(), mirrors }))?.versions, { "rabbitmq-server": "4.2.9-1" });
  });

  await t.test("Debian's own archive is told by its name, whichever mirror was asked", async (t) => {
    main.fault(/^security/, { status: 503 });
    await t.rejects(ask({ folder: t.testdir() }), { code: "mirror-unreachable", message: /security\.debian\.org/ });
    main.heal();
  });

  await t.test("where none can be reached, that is told", async (t) => {
    await t.rejects(ask({ folder: t.testdir(), mirrors: [await nobody()] }), {
      code: "mirror-unreachable",
      message: "the RabbitMQ team's repositories can't be reached",
    });
  });
});

async function archiveIn(t: Test, name: string, more: { readonly origin: string }): Promise<AptArchive> {
  // A short path: gpg-agent's socket is in it.
  const folder = mkdtempSync(join(tmpdir(), `${name}-`));
  // apt looks into it as nobody.
  chmodSync(folder, 0o755);
  const archive = await aptArchive(folder, suite, more);
  t.teardown(async () => {
    await archive.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return archive;
}

function contextOf(folder: string, run: Run): BuildContext {
  return {
    model: { debian: { suite }, architecture: "amd64", packages: ["curl", "rabbitmq-server"] },
    work: join(folder, "work"),
    cache: join(folder, "cache"),
    offline: false,
    run,
    log: silentLog,
    signal,
  } as unknown as BuildContext;
}

/** Where nobody listens. */
async function nobody(): Promise<string> {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((listening) => server.once("listening", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  return `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`;
}
