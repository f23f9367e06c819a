import { formatMiB } from "../../stack/definition/size.ts";
import type { Storage } from "../node/node.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { type Check, type Finding, finding } from "./check.ts";
import type { Facts } from "./facts.ts";
import { grants, neededPrivileges } from "./privileges.ts";

/** Kinds of storage that take a disk's whole size at once. */
const thick: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect"]);

/** What a root file system of this kind holds at the least, before it has worked. */
const leastDisk = 4 * 1024 ** 3;

/** File systems of fresh volumes, their journals, and what the databases begin with. */
const leastVolume = 512 * 1024 ** 2;

/** Whether there is a place for the template's file, for the root disk and for the volumes. */
export const storageChecks: readonly Check[] = [
  {
    name: "template storage",
    refuse: (facts, wanted) => {
      const { settings, template } = wanted;
      const kind = { content: "vztmpl", what: "templates", setting: "template-storage" } as const;
      const problems = storageProblems(facts, wanted, settings.templateStorage, kind);
      if (problems.length > 0 || facts.file === "there" || facts.file === "whole") return problems;
      const free = facts.storages.find(({ name }) => name === settings.templateStorage)?.available;
      if (free === undefined || free >= template.bytes) return [];
      const message = `storage ${settings.templateStorage} has ${mb(free)} free, the template has ${mb(template.bytes)}`;
      return [finding("storage-full", message, "remove templates nobody needs: pveam list, pveam remove")];
    },
    warn: ({ file }, { settings, template }) => {
      if (file !== "damaged") return [];
      const message = `${template.file} in storage ${settings.templateStorage} is damaged: it holds something else`;
      return [finding("damaged-template", message, "it is sent again")];
    },
  },
  {
    name: "disk storage",
    refuse: (facts, wanted) =>
      diskStorages(wanted).flatMap(({ name, setting, mib, least }) => {
        const kind = { content: "rootdir", what: "containers", setting } as const;
        const problems = storageProblems(facts, wanted, name, kind);
        const storage = facts.storages.find((one) => one.name === name);
        if (facts.occupant !== undefined || problems.length > 0 || storage?.available === undefined) return problems;
        const need = thick.has(storage.type) ? mib * 1024 ** 2 : least;
        if (storage.available >= need) return [];
        const message = `storage ${name} has ${mb(storage.available)} free, the container needs ${mb(need)}`;
        return [finding("storage-full", message, `make room there, or choose another with --${setting}`)];
      }),
    warn: ({ storages }, wanted) =>
      diskStorages(wanted).flatMap(({ name, mib, least }) => {
        const storage = storages.find((one) => one.name === name);
        const free = storage?.available;
        if (storage === undefined || free === undefined || thick.has(storage.type)) return [];
        if (free >= mib * 1024 ** 2 || free < least) return [];
        const message = `storage ${name} has ${mb(free)} free, less than the disk may grow to (${formatMiB(mib)})`;
        return [finding("storage-overcommitted", message, "a smaller disk: --set container.disk=20GiB")];
      }),
  },
];

interface DiskStorage {
  readonly name: string;
  readonly setting: string;
  /** MiB of all that is put there. */
  readonly mib: number;
  /** Bytes that are written at once. */
  readonly least: number;
}

/** Storages of the root disk and of the volumes, each once. */
function diskStorages({ settings, container, volumes }: Wanted): readonly DiskStorage[] {
  const inIt = (name: string): number =>
    volumes.filter(({ storage }) => storage === name).reduce((sum, { size }) => sum + size * 1024, 0);
  const root = { name: settings.storage, setting: "storage", mib: container.disk + inIt(settings.storage) };
  const other = settings.volumeStorage ?? settings.storage;
  return [
    { ...root, least: leastDisk },
    ...(inIt(other) === 0 || other === root.name
      ? []
      : [{ name: other, setting: "set deploy.volumeStorage=", mib: inIt(other), least: leastVolume }]),
  ];
}

function storageProblems(
  { storages, node, user, missing, version }: Facts,
  wanted: Wanted,
  name: string,
  kind: { readonly content: string; readonly what: string; readonly setting: string },
): readonly Finding[] {
  const { content, what, setting } = kind;
  const fit = storages.filter((one) => one.active && one.content.includes(content)).map((one) => one.name);
  const other = fit.length === 0 ? undefined : `--${setting}${setting.endsWith("=") ? "" : " "}${fit.join(" or ")}`;
  const orOther = other === undefined ? "" : `; or ${other}`;
  const storage: Storage | undefined = storages.find((one) => one.name === name);
  const path = `/storage/${name}`;
  const lacking = missing[path];
  if (storage === undefined && lacking !== undefined) {
    const message = `storage ${name} can't be seen: ${user} lacks ${lacking.join(" and ")} on ${path}`;
    const needed = neededPrivileges(wanted, version);
    return [finding("no-storage", message, grants(user, needed, { [path]: lacking }).join("\n"))];
  }
  if (storage === undefined) {
    const none = `none takes ${what}: pvesm set STORAGE --content ${content},…`;
    return [finding("no-storage", `there is no storage ${name} on ${node}`, other ?? none)];
  }
  if (storage.nodes !== undefined && !storage.nodes.includes(node)) {
    const others = storage.nodes.join(",");
    const message = `storage ${name} is not for node ${node}, only for ${others}`;
    return [finding("storage-inactive", message, `pvesm set ${name} --nodes ${others},${node}${orOther}`)];
  }
  if (!storage.enabled) {
    return [finding("storage-inactive", `storage ${name} is disabled`, `pvesm set ${name} --disable 0${orOther}`)];
  }
  if (!storage.active) {
    const message = `storage ${name} can't be reached from ${node}`;
    return [finding("storage-inactive", message, `on the node, pvesm status says why${orOther}`)];
  }
  if (storage.content.includes(content)) return [];
  const fix = `pvesm set ${name} --content ${[...storage.content, content].join(",")}${orOther}`;
  return [finding("storage-content", `storage ${name} takes no ${what} (${content})`, fix)];
}

function mb(bytes: number): string {
  return bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
