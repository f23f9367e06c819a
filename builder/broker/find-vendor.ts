import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isMirrorTrouble } from "../../lib/apt/explain-apt.ts";
import { isStackError, StackError } from "../../lib/error.ts";
import { resolvePackages } from "../apt/resolve.ts";
import type { BuildContext } from "../context.ts";
import { resource } from "../resources.ts";
import type { Broker } from "./choose-broker.ts";
import { fingerprintOf } from "./fingerprint.ts";
import {
  type VendorRepositories,
  vendorFingerprint,
  vendorMirrors,
  vendorPaths,
  vendorPreferences,
  vendorSources,
} from "./vendor-repositories.ts";

/** The RabbitMQ team's, with the key of this project. @throws StackError `wrong-key` for another one's */
export async function vendorRepositories(): Promise<VendorRepositories> {
  const key = await readFile(resource("broker/rabbitmq-team.asc"), "utf8");
  const found = fingerprintOf(key);
  if (found !== vendorFingerprint) {
    throw new StackError("wrong-key", `broker/rabbitmq-team.asc is not the RabbitMQ team's key but ${found}`, {
      hint: `the team's has the fingerprint ${vendorFingerprint}: restore the file from version control`,
    });
  }
  return { mirrors: vendorMirrors, paths: vendorPaths, key };
}

/**
 * The RabbitMQ team's own packages: the newest server, and the Erlang that goes with it.
 *
 * @throws StackError `mirror-unreachable`, `not-cached`; `untrusted-source` where what it signs
 *   is not what it says: that is never passed over
 */
export async function findVendor(
  context: BuildContext,
  dry: boolean,
  vendor?: VendorRepositories,
): Promise<Broker | undefined> {
  const { mirrors, paths, key } = vendor ?? (await vendorRepositories());
  const { suite } = context.model.debian;
  const below = paths[suite] ?? [];
  if (below.length === 0) return undefined;
  let unreachable: StackError | undefined;
  for (const mirror of mirrors) {
    try {
      const releases = below.map((path) => ({ uri: `${mirror}/${path}/${suite}`, suite }));
      return await onMirror(vendorSources(releases, key), context, dry);
    } catch (error) {
      const explained = explainTrust(error, mirror);
      // Debian's own archive is no better on the next mirror.
      if (!isMirrorTrouble(explained) || !explained.message.includes(mirror)) throw explained;
      unreachable = explained;
    }
  }
  throw new StackError("mirror-unreachable", `the RabbitMQ team's repositories can't be reached`, {
    detail: unreachable?.detail ?? [],
    hint: "see that this machine reaches them over HTTPS, or leave vendor out of rabbitmq.sources in stack.yaml",
  });
}

async function onMirror(sources: string, context: BuildContext, dry: boolean): Promise<Broker> {
  const { model, work, cache, offline, run, log, signal } = context;
  const vendor = { sources, preferences: vendorPreferences };
  const { packages } = await resolvePackages({
    ...{ suite: model.debian.suite, architecture: model.architecture, packages: model.packages, beside: vendor },
    folder: join(cache, "resolutions"),
    ...{ work, offline, dry, run, log, signal },
  });
  return {
    source: "vendor",
    versions: Object.fromEntries(packages.map(({ name, version }) => [name, version])),
    vendor,
  };
}

/** @returns StackError `untrusted-source` for what apt says of signatures and their time, else the error itself */
function explainTrust(error: unknown, mirror: string): unknown {
  const untrusted =
    /NO_PUBKEY|BADSIG|EXPKEYSIG|REVKEYSIG|EXPSIG|is not signed|invalid signature|not valid|expired|NODATA/i;
  const lines = isStackError(error) ? error.detail.filter((line) => line.includes(mirror) && untrusted.test(line)) : [];
  if (lines.length === 0) return error;
  return new StackError("untrusted-source", `what ${mirror} serves is not signed as it must be`, {
    detail: lines.slice(0, 4),
    hint: "see that this machine's clock is right; else somebody is between you and the RabbitMQ team: leave vendor out of rabbitmq.sources",
  });
}
