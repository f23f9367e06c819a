import { formatMiB } from "../../stack/definition/size.ts";
import { createParameters } from "../flow/create-parameters.ts";
import type { Guest, Storage } from "../node/node.ts";
import { isOf, isOurs } from "../ownership.ts";
import type { Wanted } from "../wanted.ts";
import type { Facts } from "./facts.ts";
import { grants, major } from "./privileges.ts";

/** Something that keeps the container from being made, or that one should know before. */
export interface Finding {
  /** Stable, kebab-case. */
  readonly code: string;
  readonly message: string;
  /** The command or setting that changes it. */
  readonly fix: string;
}

export interface Check {
  readonly name: string;
  /** What stops the deployment. */
  refuse?(facts: Facts, wanted: Wanted): readonly Finding[];
  /** What is only told. */
  warn?(facts: Facts, wanted: Wanted): readonly Finding[];
}

/** Kinds of storage that take a disk's whole size at once. */
const thick: ReadonlySet<string> = new Set(["lvm", "iscsi", "iscsidirect"]);

/** What a root file system of this kind holds at the least, before it has worked. */
const leastDisk = 4 * 1024 ** 3;

/** Of a container that is there, what is compared with the definition; it is told, never changed. */
const compared = ["cores", "memory", "swap", "hostname"] as const;

/** All that is looked at before anything is changed. Pure: each looks at the facts alone. */
export const checks: readonly Check[] = [
  {
    name: "version",
    refuse: ({ version }) =>
      major(version) >= 8
        ? []
        : [finding("old-proxmox", `the node runs Proxmox VE ${version}`, "use a node with version 8 or 9")],
  },
  {
    name: "architecture",
    refuse: ({ machine }, { template }) => {
      const kernel = { amd64: "x86_64" }[template.model.architecture];
      if (machine?.machine === undefined || machine.machine === kernel) return [];
      const message = `the template is for ${template.model.architecture}, the node is ${machine.machine}`;
      return [finding("other-architecture", message, "use a node with that processor")];
    },
  },
  {
    name: "cores and memory",
    refuse: ({ machine }, { container }) => {
      if (machine === undefined) return [];
      const mib = Math.floor(machine.memory / 1024 ** 2);
      return [
        ...(container.cores > machine.cores
          ? [tooMuch("cores", `${container.cores} cores`, `${machine.cores}`, `${machine.cores}`)]
          : []),
        ...(container.memory > mib
          ? [tooMuch("memory", formatMiB(container.memory), `${mib} MiB`, `${Math.floor(mib / 2048)}GiB`)]
          : []),
      ];
    },
    warn: ({ machine }) =>
      machine !== undefined
        ? []
        : [
            finding(
              "unknown-machine",
              "cores and memory of the node can't be seen",
              "grant Sys.Audit on /nodes to have them compared with what the container asks for",
            ),
          ],
  },
  {
    name: "privileges",
    refuse: ({ missing, user }) => {
      const paths = Object.entries(missing);
      if (paths.length === 0) return [];
      const list = paths.map(([path, privileges]) => `${path}: ${privileges.join(" ")}`).join("; ");
      return [finding("missing-privileges", `${user} lacks privileges: ${list}`, grants(user, missing).join(" && "))];
    },
  },
  {
    name: "template storage",
    refuse: (facts, { settings, template }) => {
      const kind = { content: "vztmpl", what: "templates", setting: "template-storage" } as const;
      const problems = storageProblems(facts, settings.templateStorage, kind);
      if (problems.length > 0 || facts.uploaded) return problems;
      const free = facts.storages.find(({ name }) => name === settings.templateStorage)?.available;
      if (free === undefined || free >= template.bytes) return [];
      const message = `storage ${settings.templateStorage} has ${mb(free)} free, the template has ${mb(template.bytes)}`;
      return [finding("storage-full", message, "remove templates nobody needs: pveam list, pveam remove")];
    },
  },
  {
    name: "disk storage",
    refuse: (facts, { settings, container }) => {
      const kind = { content: "rootdir", what: "containers", setting: "storage" } as const;
      const problems = storageProblems(facts, settings.storage, kind);
      const storage = facts.storages.find(({ name }) => name === settings.storage);
      if (facts.occupant !== undefined || problems.length > 0 || storage?.available === undefined) return problems;
      const need = thick.has(storage.type) ? container.disk * 1024 ** 2 : leastDisk;
      if (storage.available >= need) return [];
      const message = `storage ${storage.name} has ${mb(storage.available)} free, the container needs ${mb(need)}`;
      return [finding("storage-full", message, "make room there, or choose another with --storage")];
    },
    warn: ({ storages }, { settings, container }) => {
      const storage = storages.find(({ name }) => name === settings.storage);
      const free = storage?.available;
      if (storage === undefined || free === undefined || thick.has(storage.type)) return [];
      if (free >= container.disk * 1024 ** 2 || free < leastDisk) return [];
      const message = `storage ${storage.name} has ${mb(free)} free, less than the disk may grow to (${formatMiB(container.disk)})`;
      return [finding("storage-overcommitted", message, "a smaller disk: --set container.disk=20GiB")];
    },
  },
  {
    name: "bridge",
    refuse: ({ bridges, missing }, { settings }) => {
      // Without SDN.Use a bridge isn't listed; that is told by its privilege.
      const hidden = Object.keys(missing).some((path) => path.startsWith("/sdn/"));
      if (hidden || bridges.includes(settings.bridge)) return [];
      const there = bridges.length === 0 ? "it has none" : `it has ${bridges.join(", ")}`;
      return [finding("no-bridge", `the node has no bridge ${settings.bridge}; ${there}`, "choose with --bridge")];
    },
  },
  { name: "vmid", refuse: vmidTaken },
  {
    name: "configuration",
    warn: ({ config }, wanted) => {
      const asked = createParameters(wanted);
      return compared
        .filter((key) => config[key] !== undefined && String(config[key]) !== String(asked[key]))
        .map((key) => {
          const message = `container ${wanted.vmid} has ${key} ${config[key]}, the definition says ${asked[key]}`;
          return finding("other-configuration", message, `pct set ${wanted.vmid} --${key} ${asked[key]}`);
        });
    },
  },
  {
    name: "nesting",
    warn: (_facts, { container }) =>
      container.nesting
        ? [
            finding(
              "nesting",
              "nesting lets the container's root see more of the kernel's /proc and /sys",
              "nothing here needs it: --set container.nesting=false",
            ),
          ]
        : [],
  },
];

function vmidTaken({ occupant, creation, user, node }: Facts, { vmid, template }: Wanted): readonly Finding[] {
  const other = "choose another with --vmid, or leave it out for the next free one";
  if (occupant === undefined) return [];
  // One that we make just now has no tags yet.
  if (creation?.user === user) return [];
  if (occupant === "unseen")
    return [finding("vmid-taken", `vmid ${vmid} is taken by somebody ${user} may not see`, other)];
  if (creation !== undefined) {
    return [finding("vmid-taken", `${creation.user} makes container ${vmid} just now`, other)];
  }
  if (!isOurs(occupant)) {
    const left =
      occupant.lock === "create" ? `; if it is left over of a creation: pct unlock ${vmid}, pct destroy ${vmid}` : "";
    return [finding("vmid-taken", `vmid ${vmid} is ${describe(occupant)}, not made by deploy-template`, other + left)];
  }
  if (occupant.node !== node) {
    return [finding("vmid-elsewhere", `container ${vmid} is on node ${occupant.node}`, `--node ${occupant.node}`)];
  }
  if (isOf(occupant, template)) return [];
  return [
    finding(
      "other-template",
      `container ${vmid} was made of another template (${occupant.tags.join(", ")})`,
      `${other}; or deploy-template destroy --vmid ${vmid}`,
    ),
  ];
}

function storageProblems(
  { storages, node }: Facts,
  name: string,
  kind: { readonly content: string; readonly what: string; readonly setting: string },
): readonly Finding[] {
  const { content, what, setting } = kind;
  const fit = storages.filter((one) => one.active && one.content.includes(content)).map((one) => one.name);
  const choose = fit.length === 0 ? `pvesm set ${name} --content ${content},…` : `--${setting} ${fit.join(" or ")}`;
  const storage: Storage | undefined = storages.find((one) => one.name === name);
  if (storage === undefined) {
    const message = `there is no storage ${name} on ${node}, or none that may be seen (Datastore.Audit)`;
    return [finding("no-storage", message, choose)];
  }
  if (!storage.active)
    return [finding("storage-inactive", `storage ${name} is not active`, `pvesm status; or ${choose}`)];
  if (storage.content.includes(content)) return [];
  const fix = `pvesm set ${name} --content ${[...storage.content, content].join(",")}; or ${choose}`;
  return [finding("storage-content", `storage ${name} takes no ${what} (${content})`, fix)];
}

function tooMuch(setting: string, asked: string, has: string, instead: string): Finding {
  const message = `the container asks for ${asked}, the node has ${has}`;
  return finding(`too-much-${setting}`, message, `--set container.${setting}=${instead}`);
}

function describe({ type, name, node }: Guest): string {
  return `${type === "lxc" ? "a container" : "a virtual machine"}${name === undefined ? "" : ` (${name})`} on ${node}`;
}

function mb(bytes: number): string {
  return bytes < 1e9 ? `${Math.floor(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}

function finding(code: string, message: string, fix: string): Finding {
  return { code, message, fix };
}
