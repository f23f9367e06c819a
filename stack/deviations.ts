import type { BrokerSource } from "./components/rabbitmq/sources.ts";
import type { Model } from "./model.ts";

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
  model: Pick<Model, "versions" | "debian">,
  versions: ReadonlyMap<string, string>,
  broker: BrokerSource = "debian",
): string[] {
  return model.versions.flatMap(({ what, package: name, least, component }) => {
    const installed = versions.get(name);
    if (installed === undefined) return [`${what} is not installed; ${least} or newer is asked for`];
    if (isAtLeast(installed, least)) return [];
    const source = whose[component === "rabbitmq" ? broker : "debian"](model.debian.version);
    return [`${what} is ${upstreamVersion(installed)}, ${source}; ${least} or newer is asked for`];
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
