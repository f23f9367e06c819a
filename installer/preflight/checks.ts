import { formatMiB } from "../../stack/definition/size.ts";
import { askedAddresses } from "../../stack/net-addresses.ts";
import type { Guest } from "../node/node.ts";
import { createParameters } from "../wanted/create-parameters.ts";
import { isOf, isOurs } from "../wanted/identity-tags.ts";
import type { Wanted } from "../wanted/wanted.ts";
import { type Check, type Finding, finding } from "./check.ts";
import type { Facts } from "./facts.ts";
import { grants, major, neededPrivileges } from "./privileges.ts";
import { storageChecks } from "./storage-checks.ts";
import { volumeDifferences } from "./volume-differences.ts";

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
    name: "addresses",
    // Such a container works; that it does nobody can see from here.
    warn: ({ version }, { container }) => {
      const asked = askedAddresses(container.network);
      const given = asked.filter(({ family, by }) => family === "IPv6" && by !== "static");
      if (major(version) >= 9 || given.length < asked.length) return [];
      const message = `Proxmox VE ${version} does not tell a container's IPv6 addresses: it could not be waited for`;
      return [finding("untold-address", message, "a fixed address6, or IPv4 beside it, or a node with version 9")];
    },
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
    // Proxmox makes and starts such a container: its limits are higher than what there is.
    warn: ({ machine }, { container }) => {
      if (machine === undefined) {
        const fix = "grant Sys.Audit on /nodes to have them compared with what the container asks for";
        return [finding("unknown-machine", "cores and memory of the node can't be seen", fix)];
      }
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
  },
  {
    name: "privileges",
    refuse: ({ missing, user, version }, wanted) => {
      const paths = Object.entries(missing);
      if (paths.length === 0) return [];
      const list = paths.map(([path, privileges]) => `${path}: ${privileges.join(" ")}`).join("; ");
      const fix = grants(user, neededPrivileges(wanted, version), missing).join("\n");
      return [finding("missing-privileges", `${user} lacks privileges: ${list}`, fix)];
    },
  },
  ...storageChecks,
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
    name: "pool",
    refuse: ({ pool, occupant }, { settings }) =>
      pool !== "missing" || occupant !== undefined
        ? []
        : [finding("no-pool", `there is no pool ${settings.pool}`, `pveum pool add ${settings.pool}`)],
    warn: ({ occupant }, { settings, vmid }) => {
      if (settings.pool === undefined || occupant === undefined || occupant === "unseen") return [];
      if (!isOurs(occupant) || occupant.pool === settings.pool) return [];
      const has = occupant.pool === undefined ? "no pool" : `pool ${occupant.pool}`;
      const move = occupant.pool === undefined ? "" : " --allow-move 1";
      const message = `container ${vmid} is in ${has}, the definition says ${settings.pool}`;
      return [finding("other-configuration", message, `pveum pool modify ${settings.pool} --vms ${vmid}${move}`)];
    },
  },
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
  { name: "volumes", warn: volumeDifferences },
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

function tooMuch(setting: string, asked: string, has: string, instead: string): Finding {
  const message = `the container asks for ${asked}, the node has ${has}`;
  return finding(`too-much-${setting}`, message, `--set container.${setting}=${instead}`);
}

function describe({ type, name, node }: Guest): string {
  return `${type === "lxc" ? "a container" : "a virtual machine"}${name === undefined ? "" : ` (${name})`} on ${node}`;
}
