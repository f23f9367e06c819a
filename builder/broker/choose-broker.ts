import { isStackError, messageOf, StackError } from "../../lib/error.ts";
import type { BrokerSource } from "../../stack/components/rabbitmq/sources.ts";
import { isAtLeast } from "../../stack/deviations.ts";
import type { Resolution } from "../apt/resolve.ts";
import type { BuildContext } from "../context.ts";
import type { RelocatedInputs } from "../layers/relocated/relocated.ts";
import { findRelocated } from "./find-relocated.ts";
import { findVendor } from "./find-vendor.ts";
import { type Lock, lockPath, readLock, writeLock } from "./lock-file.ts";

/** Where the stack's RabbitMQ comes from, and which packages of which versions come from there. */
export interface Broker {
  readonly source: BrokerSource;
  /** Name → version, of those that don't come from the base's own archive. */
  readonly versions: Readonly<Record<string, string>>;
  /** Texts for sources.list.d and preferences.d. */
  readonly vendor?: { readonly sources: string; readonly preferences: string };
  /** What has to be made before the base. */
  readonly relocated?: RelocatedInputs;
}

/** One source's answer; undefined where it has nothing for this stack. @throws StackError where it can't be reached */
export type Finder = (context: BuildContext, dry: boolean) => Promise<Broker | undefined>;

export type Finders = Readonly<Record<BrokerSource, Finder>>;

const realFinders: Finders = {
  vendor: findVendor,
  relocated: findRelocated,
  debian: async () => ({ source: "debian", versions: {} }),
};

/**
 * Takes the first source that has a RabbitMQ as new as asked for; where none has, the last
 * that could be reached. What was found once is kept beside the definition and holds until
 * `--update`: a build never changes it silently.
 *
 * @param resolved Debian's own packages, which may still be looked up
 * @throws StackError `source-unreachable` for the source that was kept; `no-broker`
 */
export async function chooseBroker(
  context: BuildContext,
  resolved: Promise<Resolution>,
  dry: boolean,
  finders: Finders = realFinders,
): Promise<Broker> {
  const { rabbitmq } = context.model;
  const sources = sourcesOf(context);
  if (sources.join() === "debian") return { source: "debian", versions: {} };
  if (sources.length === 1) return only(sources[0] ?? "debian");
  const file = context.definition.file;
  const { suite } = context.model.debian;
  const lock = await readLock(file).catch((error: unknown): Lock => {
    if (context.update) return {};
    throw error;
  });
  const kept = context.update ? undefined : lock[suite];
  const found = await firstOf(kept !== undefined && sources.includes(kept) ? [kept] : sources, kept);
  if (!dry && kept !== found.source) {
    await writeLock(file, { ...lock, [suite]: found.source });
    context.log("notice", `RabbitMQ comes from ${found.source}; ${lockPath(file)} keeps that until --update`);
  }
  return found;

  async function firstOf(sources: readonly BrokerSource[], kept: BrokerSource | undefined): Promise<Broker> {
    let last: Broker | undefined;
    for (const source of sources) {
      try {
        const broker = await finders[source](context, dry);
        if (broker === undefined) continue;
        const version = broker.versions["rabbitmq-server"] ?? versionOf(await resolved);
        if (version !== undefined && isAtLeast(version, rabbitmq?.minimumVersion ?? "0")) return broker;
        last = broker;
      } catch (error) {
        if (!isStackError(error) || !unreachable.has(error.code)) throw error;
        if (source === kept) throw keptUnreachable(source, file, error);
        context.log("notice", `RabbitMQ from ${source}: ${messageOf(error)}; the next source is tried`);
      }
    }
    if (last !== undefined) return last;
    throw noBroker(sources);
  }

  /** Nothing to choose: what it lacks is told as it is. */
  async function only(source: BrokerSource): Promise<Broker> {
    const broker = await finders[source](context, dry);
    if (broker === undefined) throw noBroker([source]);
    return broker;
  }
}

/** In the order in which they are asked; Debian's alone where the stack has no RabbitMQ. */
export function sourcesOf({ model, brokerSources }: Pick<BuildContext, "model" | "brokerSources">) {
  return model.rabbitmq === undefined ? (["debian"] as const) : (brokerSources ?? model.rabbitmq.sources);
}

function noBroker(sources: readonly BrokerSource[]): StackError {
  return new StackError("no-broker", `RabbitMQ is to be had from none of ${sources.join(", ")}`, {
    hint: "add debian to rabbitmq.sources in stack.yaml: it always has one",
  });
}

/** Codes of errors that say that a source can't be used now, and nothing worse. */
const unreachable: ReadonlySet<string> = new Set(["mirror-unreachable", "no-such-source", "not-cached"]);

function keptUnreachable(source: BrokerSource, file: string, cause: StackError): StackError {
  return new StackError("source-unreachable", `RabbitMQ is to come from ${source}, as ${lockPath(file)} says`, {
    cause,
    hint: `${cause.hint ?? "try again later"}; --update chooses a source anew`,
  });
}

function versionOf({ packages }: Resolution): string | undefined {
  return packages.find(({ name }) => name === "rabbitmq-server")?.version;
}
