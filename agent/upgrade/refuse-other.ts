import { StackError } from "../../lib/error.ts";
import type { StackReleaseDocument } from "../../stack/documents/stack-release.ts";
import type { StackTraits } from "./stack-traits.ts";

/** The way that is open where a release is not: a container of its own. */
const otherWay =
  "a new container takes over, with all data: deploy-template replace TEMPLATE --from VMID; docs/operations.md, Replace a container";

export interface MachineFacts {
  readonly debian: string;
  readonly architecture: string;
  /** Versions of installed packages, by name. */
  readonly packages: ReadonlyMap<string, string>;
}

/** What a release can't be put over: another stack, another Debian, other majors. @throws StackError `other-stack`, `other-machine`, `other-major` */
export function refuseOther(
  record: StackReleaseDocument,
  running: Pick<StackReleaseDocument, "name">,
  machine: MachineFacts,
): void {
  if (record.name !== running.name) {
    throw new StackError("other-stack", `this is a release of ${record.name}, and the stack here is ${running.name}`, {
      hint: otherWay,
    });
  }
  if (record.debian !== machine.debian || record.architecture !== machine.architecture) {
    throw new StackError(
      "other-machine",
      `the release is for Debian ${record.debian} on ${record.architecture}, and this is Debian ${machine.debian} on ${machine.architecture}`,
      { hint: otherWay },
    );
  }
  const others = Object.entries(record.servers).flatMap(([what, server]) => {
    const installed = machine.packages.get(server.package);
    if (installed !== undefined && major(installed) === major(server.version)) return [];
    const here = installed === undefined ? "none of it" : installed;
    return [`${what}: the release was built with ${server.version} (${server.package}), here is ${here}`];
  });
  if (others.length > 0) {
    throw new StackError("other-major", "the release is of servers that this container has not", {
      detail: others,
      hint: `its packages are Debian's affair, no release brings them; ${otherWay}`,
    });
  }
}

/** Of a Debian version, without its epoch: `4` of `1:4.0.5-1`. */
function major(version: string): string {
  return /^(?:\d+:)?(\d+)/.exec(version)?.[1] ?? version;
}

/** What would leave data behind. @throws StackError `data-moves`, `no-code` */
export function refuseMoves(before: StackTraits, after: StackTraits, brought: readonly string[]): void {
  const moved = [
    ...(before.name === after.name ? [] : [["the stack's name", before.name, after.name] as const]),
    ...(before.debian === after.debian ? [] : [["Debian", before.debian, after.debian] as const]),
    ...Object.entries(before.data).flatMap(([what, place]) => {
      const next = after.data[what];
      return next === undefined || next === place ? [] : [[what, place, next] as const];
    }),
  ];
  if (moved.length > 0) {
    throw new StackError("data-moves", "the definition would leave data behind", {
      detail: moved.map(([what, from, to]) => `${what}: ${from} would be ${to}`),
      hint: `put it back as it was in stack.yaml; or ${otherWay}`,
    });
  }
  const bare = after.services.filter((name) => !before.services.includes(name) && !brought.includes(name));
  if (bare.length > 0) {
    throw new StackError("no-code", `the definition has services that nobody brought: ${bare.join(", ")}`, {
      hint: "--services FOLDER has it; or build a release of that definition, beside their sources: build-template release stack.yaml",
    });
  }
}

/** What is not managed any more, and stays as it is. */
export function leftBehind(before: StackTraits, after: StackTraits): string[] {
  const gone = (of: "components" | "services"): string[] => before[of].filter((name) => !after[of].includes(name));
  return [...gone("components"), ...gone("services")];
}

/** Migrations after which the release that is in force can't work: with `asked` they are taken. @throws StackError `no-way-back` */
export function refuseNoWayBack(
  record: Pick<StackReleaseDocument, "id" | "migrations">,
  running: Pick<StackReleaseDocument, "id" | "migrations">,
  asked: boolean,
): readonly string[] {
  const names = (of: Pick<StackReleaseDocument, "migrations">) => new Set(of.migrations.map(({ name }) => name));
  const lines = (of: StackReleaseDocument["migrations"]): string[] =>
    of.flatMap(({ name, noWayBack }) => (noWayBack === undefined ? [] : [`${name}: ${noWayBack}`]));
  const applied = lines(running.migrations.filter(({ name }) => !names(record).has(name)));
  if (applied.length > 0) {
    throw new StackError("no-way-back", `${record.id} can't work with what ${running.id} made of the event store`, {
      detail: applied,
      hint: "go on to a newer release; or restore a backup from before the upgrade, into a container of the older template",
    });
  }
  const pending = lines(record.migrations.filter(({ name }) => !names(running).has(name)));
  if (pending.length > 0 && !asked) {
    throw new StackError("no-way-back", `after this upgrade no way leads back to ${running.id}`, {
      detail: pending,
      hint: "make a backup, then: --no-way-back; it is not taken back then, whatever becomes of it",
    });
  }
  return pending;
}
