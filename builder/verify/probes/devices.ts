import { TypeFlag } from "../../archive/header.ts";
import { faultList, type Probe } from "../probe.ts";

const kinds: ReadonlySet<string> = new Set([
  TypeFlag.file,
  TypeFlag.hardlink,
  TypeFlag.symlink,
  TypeFlag.directory,
  TypeFlag.fifo,
]);

export function devicesProbe(): Probe {
  const faults = faultList();
  return {
    name: "devices",
    title: "no device node, nothing in /dev, no kind of file that tar doesn't know",
    member: ({ member: { name, type } }) => {
      if (type === TypeFlag.character || type === TypeFlag.block) faults.add(`${name} is a device node`);
      else if (!kinds.has(type)) faults.add(`${name} is of the unknown type ${JSON.stringify(type)}`);
      if (name.startsWith("./dev/")) faults.add(`${name} lies in /dev`);
    },
    findings: faults.all,
  };
}
