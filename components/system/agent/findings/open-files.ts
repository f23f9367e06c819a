import { readFile } from "node:fs/promises";
import type { Found } from "../../../../engine/finding.ts";

/** The most that a unit of the stack asks for: LimitNOFILE=. systemd lowers it to the hard limit, and says nothing. */
const wanted = 65_536;

/** How many files a process here may open at most: the hard limit of process 1. */
export async function openFiles(limits = "/proc/1/limits"): Promise<Found> {
  const hard = /^Max open files +\d+ +(\d+|unlimited)/m.exec(await readFile(limits, "utf8"))?.[1] ?? "unlimited";
  if (hard === "unlimited" || Number(hard) >= wanted) {
    return { status: "pass", message: `up to ${hard} a process` };
  }
  return {
    status: "warn",
    message: `up to ${hard} a process of ${wanted} asked for: Redis takes ${Math.max(0, Number(hard) - 32)} clients, RabbitMQ few connections`,
    hint: `on the node: lxc.prlimit.nofile: ${wanted} in /etc/pve/lxc/VMID.conf, and start the container anew`,
  };
}
