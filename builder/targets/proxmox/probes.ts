import { TypeFlag } from "../../archive/header.ts";
import { faultList, type Probe } from "../../verify/probes/probe.ts";

const appliance = "./etc/appliance.info";
const mountPoints = ["./dev", "./proc", "./run", "./sys", "./tmp"];
const idLimit = 65_536;

/**
 * The rules that `pct create` enforces by how it calls tar: `--skip-old-files`, so of two
 * members of a name the first wins; `--anchored --exclude './dev/*'`, so every name begins
 * with ./; an id map of 65536 numbers.
 */
export function namesProbe(): Probe {
  const faults = faultList();
  const types = new Map<string, string>();
  return {
    name: "names",
    title: "every name begins with ./ and comes once, folders before what lies in them",
    member: ({ member: { name, type, target }, rawName }) => {
      if (!rawName.startsWith("./") && rawName !== ".") faults.add(`${rawName} does not begin with ./`);
      if (name.split("/").includes("..")) faults.add(`${name} leads out of the root file system`);
      if (types.has(name)) faults.add(`${name} comes twice: the first would win`);
      const parent = types.get(name.slice(0, Math.max(1, name.lastIndexOf("/"))));
      if (parent === undefined && name !== "." && name !== appliance) faults.add(`${name} comes before its folder`);
      if (parent !== undefined && name !== "." && parent !== TypeFlag.directory) {
        faults.add(`${name} lies below what is no folder`);
      }
      if (type === TypeFlag.hardlink && !types.has(target)) {
        faults.add(`${name} links to ${target}, which is not before it`);
      }
      types.set(name, type);
    },
    findings: () => {
      for (const name of mountPoints) {
        if (types.get(name) !== TypeFlag.directory) faults.add(`there is no folder ${name}`);
      }
      return faults.all();
    },
  };
}

export function ownersProbe(): Probe {
  const faults = faultList();
  return {
    name: "owners",
    title: "every owner is one of the 65536 that a container has",
    member: ({ member: { name, uid, gid } }) => {
      const fits = (id: number): boolean => Number.isInteger(id) && id >= 0 && id < idLimit;
      if (!fits(uid) || !fits(gid)) faults.add(`${name} belongs to ${uid}:${gid}`);
    },
    findings: faults.all,
  };
}

/** Its description comes first, so that it is read without unpacking all. */
export function applianceProbe(): Probe {
  const before: string[] = [];
  let found = false;
  let text = "";
  return {
    name: "appliance.info",
    title: `${appliance} is in front`,
    member: ({ member: { name } }) => {
      if (name === appliance) found = true;
      else if (!found && name !== "." && name !== "./etc" && before.length < 3) before.push(name);
    },
    content: ({ member: { name, size } }) =>
      name === appliance && size < 64 * 1024
        ? (chunk) => {
            text += chunk.toString("utf8");
          }
        : undefined,
    findings: () => {
      if (!found) return [`there is no ${appliance}`];
      const late = before.length > 0 ? [`${before.join(", ")} come before it`] : [];
      const missing = ["Name", "Version", "Architecture", "OS"].filter(
        (key) => !new RegExp(`^${key}:`, "m").test(text),
      );
      return [...late, ...missing.map((key) => `it has no ${key}:`)];
    },
  };
}
