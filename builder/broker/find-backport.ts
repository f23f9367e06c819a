import { join } from "node:path";
import { StackError } from "../../lib/error.ts";
import type { BuildContext } from "../context.ts";
import { backportInputs, backports } from "../layers/backport/backport.ts";
import { resolvePackages } from "../resolve.ts";
import type { Broker } from "./choose-broker.ts";
import { newestSource } from "./newest-source.ts";

/**
 * The next Debian's RabbitMQ with its Erlang, rebuilt; undefined where the release has a new
 * one itself. Nothing is built here.
 *
 * @throws StackError `mirror-unreachable`, `not-cached`, `no-such-source`
 */
export async function findBackport(context: BuildContext, dry: boolean): Promise<Broker | undefined> {
  const { model, cache, offline, run, signal } = context;
  const { suite } = model.debian;
  const backport = backports[suite];
  if (backport === undefined) return undefined;
  const { architecture } = model;
  const folder = join(cache, "resolutions");
  const newer = { suite: backport.from, architecture, packages: [backport.ready], folder, offline, dry, run, signal };
  const { packages, releases } = await resolvePackages(newer);
  const ready = packages.find(({ name }) => name === backport.ready)?.version;
  if (ready === undefined) throw new StackError("no-such-source", `Debian ${backport.from} has no ${backport.ready}`);
  const kept = packages.map(({ name }) => name).filter((name) => name.startsWith(`${backport.source}-`));
  const source = await newestSource({ name: backport.source, releases, folder, dry, run, signal });
  return {
    source: "backport",
    versions: {
      [backport.ready]: ready,
      ...Object.fromEntries(kept.map((name) => [name, `${source}${backport.suffix}`])),
    },
    backport: await backportInputs(suite, backport, { architecture, kept, source, ready }),
  };
}
