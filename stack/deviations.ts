import type { BrokerSource } from "./components/rabbitmq/sources.ts";
import type { Model } from "./model.ts";

/** What a stack asks of a package's version, and how a person calls it. */
interface Requirement {
  readonly what: string;
  readonly package: (model: Model) => string;
  /** undefined where the stack doesn't have the component. */
  readonly least: (model: Model) => string | undefined;
  /** Not always Debian's own: it may come from elsewhere. */
  readonly broker?: true;
}

const requirements: readonly Requirement[] = [
  { what: "Python", package: () => "python3", least: () => "3.11" },
  {
    what: "PostgreSQL",
    package: (model) => `postgresql-${model.postgres?.major}`,
    least: (model) => model.postgres && "15",
  },
  { what: "Redis", package: () => "redis-server", least: (model) => model.redis && "7.0" },
  {
    what: "RabbitMQ",
    package: () => "rabbitmq-server",
    least: (model) => model.rabbitmq?.minimumVersion,
    broker: true,
  },
];

/** Whose a version is, by where it comes from. */
const whose: Readonly<Record<BrokerSource, (debian: string) => string>> = {
  vendor: () => "the RabbitMQ team's",
  relocated: () => "the next Debian's",
  debian: (debian) => `Debian ${debian}'s`,
};

/**
 * Where a stack is not what it is asked to be, one sentence each.
 *
 * @param versions installed Debian packages, name → version
 * @param broker where RabbitMQ comes from
 */
export function deviations(
  model: Model,
  versions: ReadonlyMap<string, string>,
  broker: BrokerSource = "debian",
): string[] {
  return requirements.flatMap((requirement) => {
    const least = requirement.least(model);
    const installed = versions.get(requirement.package(model));
    if (least === undefined) return [];
    if (installed === undefined) return [`${requirement.what} is not installed; ${least} or newer is asked for`];
    const upstream = upstreamVersion(installed);
    if (isAtLeast(installed, least)) return [];
    const source = whose[requirement.broker === true ? broker : "debian"](model.debian.version);
    return [`${requirement.what} is ${upstream}, ${source}; ${least} or newer is asked for`];
  });
}

/** @param version a Debian package's @param least upstream's, `3.12` */
export function isAtLeast(version: string, least: string): boolean {
  return compareVersions(upstreamVersion(version), least) >= 0;
}

/** `5:7.0.15-1~deb12u5` → `7.0.15`: without epoch, Debian's revision and repacking marks. */
export function upstreamVersion(version: string): string {
  return version
    .replace(/^\d+:/, "")
    .replace(/-[^-]*$/, "")
    .replace(/[+~].*$/, "");
}

/** Negative, 0 or positive, by the numbers between the dots; a missing one counts as 0. */
function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => version.split(".").map((part) => Number.parseInt(part, 10) || 0));
  for (let index = 0; index < Math.max(left?.length ?? 0, right?.length ?? 0); index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
