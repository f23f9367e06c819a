import { TypeFlag } from "../../archive/header.ts";
import { memberTypes } from "../../archive/read-archive.ts";
import { faultList, type Probe } from "./probe.ts";

export function devicesProbe(): Probe {
  const faults = faultList();
  return {
    name: "devices",
    title: "no device node, nothing in /dev, no kind of file that tar doesn't know",
    member: ({ member: { name, type } }) => {
      if (type === TypeFlag.character || type === TypeFlag.block) faults.add(`${name} is a device node`);
      else if (!memberTypes.has(type)) faults.add(`${name} is of the unknown type ${JSON.stringify(type)}`);
      if (name.startsWith("./dev/")) faults.add(`${name} lies in /dev`);
    },
    findings: faults.all,
  };
}
