import { createHash } from "node:crypto";
import type { FactReader } from "../../../engine/facts/fact-reader.ts";
import type { Problem } from "../../../engine/stage.ts";
import type { HostRecord } from "../../../engine/state/state.ts";
import { type DpkgPackage, dpkgStatusPath, parseDpkgStatus } from "../../../lib/dpkg-status.ts";
import type { Listener } from "../../../lib/listeners.ts";
import type { Model, PortUse, SecretName } from "../../../stack/model.ts";
import { isOurPolicy, policyPath } from "./packages.ts";

/** MiB that packages, virtual environments and empty databases take, and what is needed to unpack them. */
const NEEDED = 3072;

/** A machine that is not of the template: what on it is somebody else's. */
export interface BareHostFacts {
  /** The stack was never here, or was taken back: what is at our places is not ours. */
  readonly fresh: boolean;
  /** What `rememberHost` wrote. */
  readonly host: HostRecord | undefined;
  /** Packages whose files, unchanged, ours replace. */
  readonly replaced: readonly string[];
  /** Files at our paths that somebody has written. */
  readonly changed: readonly string[];
  /** Data at our paths, and no secret of ours that would open it. */
  readonly data: readonly string[];
  readonly taken: readonly { readonly use: PortUse; readonly by: Listener }[];
  /** Packages that were installed for the stack, and are still there; or their configuration is. */
  readonly brought: readonly { readonly name: string; readonly removed: boolean }[];
  /** A run of ours was killed while it installed packages. */
  readonly interrupted: boolean;
  /** MiB on the root file system, where packages are still to be installed. */
  readonly free: number | undefined;
}

export interface KnownOfHost {
  readonly host: HostRecord | undefined;
  /** Secrets that are missing. */
  readonly secrets: readonly SecretName[];
  /** Packages that are. */
  readonly missing: readonly string[];
}

export async function inspectBareHost(reader: FactReader, model: Model, known: KnownOfHost): Promise<BareHostFacts> {
  const away = known.host === undefined || known.host.reset !== undefined;
  const fresh = away && !(await reader.exists(agentUnit));
  const packages = known.host === undefined ? [] : await dpkgPackages(reader);
  const [files, data, taken, policy, free] = await Promise.all([
    fresh ? strangersFiles(reader, model) : { replaced: [], changed: [] },
    fresh && known.secrets.length === model.secrets.length ? strangersData(reader, model) : [],
    takenPorts(reader, model, fresh),
    reader.readText(policyPath),
    known.missing.length > 0 ? reader.freeMiB("/") : undefined,
  ]);
  const interrupted =
    known.host !== undefined &&
    (packages.some(({ state }) => unfinished.has(state)) || (policy !== undefined && isOurPolicy(policy)));
  const brought = broughtPackages(packages, known.host?.packages ?? []);
  return { fresh, host: known.host, ...files, data, taken, brought, interrupted, free };
}

/** Written by us alone, and among the first. */
const agentUnit = "/etc/systemd/system/stack-agent.service";

/** Files at the table's places below /etc: a package's, as it brought them, or somebody's. */
async function strangersFiles(
  reader: FactReader,
  model: Model,
): Promise<{ readonly replaced: readonly string[]; readonly changed: readonly string[] }> {
  const paths = model.files.filter(isHostsFile).map(({ path }) => path);
  const found = await Promise.all(paths.map(async (path) => ({ path, text: await reader.readText(path) })));
  const there = found.filter(({ text }) => text !== undefined);
  if (there.length === 0) return { replaced: [], changed: [] };
  const pristine = new Map((await dpkgPackages(reader)).flatMap(({ conffiles }) => [...conffiles]));
  const isPristine = ({ path, text = "" }: (typeof there)[number]): boolean =>
    pristine.get(path) === createHash("md5").update(text).digest("hex");
  return {
    replaced: there.filter(isPristine).map(({ path }) => path),
    changed: there.filter((file) => !isPristine(file)).map(({ path }) => path),
  };
}

function isHostsFile({ component, kind, path }: Model["files"][number]): boolean {
  return component !== "system" && kind === "file" && path.startsWith("/etc/");
}

async function dpkgPackages(reader: FactReader): Promise<readonly DpkgPackage[]> {
  return parseDpkgStatus((await reader.readText(dpkgStatusPath)) ?? "");
}

async function strangersData(reader: FactReader, model: Model): Promise<string[]> {
  const places = [...model.data.flatMap(({ holds }) => holds), ...model.services.flatMap(({ venv }) => venv ?? [])];
  const found = await Promise.all(places.map((path) => reader.exists(path)));
  return places.filter((_, index) => found[index]);
}

/** Where the stack is, its units hold their ports; where it is not, whoever does is a stranger. */
async function takenPorts(reader: FactReader, model: Model, fresh: boolean): Promise<BareHostFacts["taken"]> {
  const ours = new Set([...model.units.map(({ unit }) => unit), "init.scope"]);
  const listeners = await reader.listeners(model.ports.map(({ port }) => port));
  const strangers = listeners.filter(({ unit }) => fresh || unit === undefined || !ours.has(unit));
  return model.ports.flatMap((use) => {
    const by = strangers.find(({ port, elsewhere }) => port === use.port && !(elsewhere && use.bind === "loopback"));
    return by === undefined ? [] : [{ use, by }];
  });
}

/** dpkg's states of a package that is neither whole nor gone. */
const unfinished: ReadonlySet<string> = new Set([
  "half-installed",
  "unpacked",
  "half-configured",
  "triggers-awaited",
  "triggers-pending",
]);

/** Of some packages those that dpkg knows, installed or with nothing but configuration left. */
export function broughtPackages(packages: readonly DpkgPackage[], names: readonly string[]): BareHostFacts["brought"] {
  const states = new Map(packages.map(({ name, state }) => [name, state]));
  return names.flatMap((name) => {
    const state = states.get(name) ?? "not-installed";
    return state === "not-installed" ? [] : [{ name, removed: state === "config-files" }];
  });
}

/** Each of them before anything is touched, with what helps. */
export function preflightBareHost(facts: BareHostFacts, model: Model): Problem[] {
  const { taken, data, changed, free } = facts;
  return [
    ...taken.map(({ use, by }) => ({
      code: "port-taken",
      message: `port ${use.port} (${use.what}) is taken by ${describeHolder(by)}`,
      hint: `${freeThePort(by)}, or choose another port in ${model.paths.definition}`,
    })),
    ...data.map((path) => ({
      code: "data-taken",
      message: `${path} is there, and is not this stack's`,
      hint: `move it away, if nobody needs it there: mv ${path} ${path}.before-${model.name}`,
    })),
    ...changed.map((path) => ({
      code: "config-taken",
      message: `${path} was written by somebody, and the stack would replace it`,
      hint: `move it away, if nobody needs it there: mv ${path} ${path}.before-${model.name}`,
    })),
    ...(free === undefined || free >= NEEDED
      ? []
      : [
          {
            code: "too-little-disk",
            message: `${free} MiB are free on /; installing the stack takes ${NEEDED}`,
            hint: "make room: apt-get clean, or a larger disk",
          },
        ]),
  ];
}

function describeHolder({ program, pid, unit }: Listener): string {
  if (pid === undefined) return "a program that can't be seen from here";
  if (unit === "init.scope") return "a socket unit of systemd's";
  return [`${program ?? "a program"} (pid ${pid})`, ...(unit === undefined ? [] : [`of ${unit}`])].join(" ");
}

function freeThePort({ unit, pid }: Listener): string {
  if (unit === "init.scope") return "systemctl list-sockets shows which: systemctl disable --now NAME.socket";
  if (unit?.endsWith(".service")) return `systemctl disable --now ${unit}`;
  return pid === undefined ? "end it" : `end it: kill ${pid}`;
}
