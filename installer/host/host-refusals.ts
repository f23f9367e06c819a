import { isStackError } from "../../lib/error.ts";
import { budget } from "../../stack/budget.ts";
import { type Finding, finding } from "../preflight/check.ts";
import type { HostFacts } from "./host-facts.ts";
import type { HostPackage } from "./open-package.ts";

/**
 * What keeps a package from being installed. Ports and data that are somebody's the agent looks
 * at itself, before it changes anything. Pure.
 */
export function hostRefusals(
  facts: HostFacts,
  pack: Pick<HostPackage, "model" | "name" | "version" | "bytes">,
): readonly Finding[] {
  const { model } = pack;
  const release = model.debian.version;
  const is = facts.system === "debian" ? `Debian ${facts.debian}` : facts.system || "no Debian";
  return [
    ...when(
      facts.system !== "debian" || facts.debian.split(".")[0] !== release,
      "wrong-debian",
      `${facts.name} is ${is}; the stack is for Debian ${release}`,
      `use a host with Debian ${release}, or a template on a Proxmox node`,
    ),
    ...when(
      facts.architecture !== model.architecture,
      "other-architecture",
      `the package is for ${model.architecture}, ${facts.name} is ${facts.architecture || "unknown"}`,
      "use a host with that processor",
    ),
    ...when(
      !facts.isRoot && !facts.sudo,
      "not-root",
      `${facts.user} is not root, and sudo asks for a password`,
      `--host root@…; or let sudo in without one: ${facts.user} ALL=(ALL) NOPASSWD: ALL`,
    ),
    ...when(
      !facts.systemd,
      "no-systemd",
      `systemd is not the init of ${facts.name}`,
      "use a machine or container that systemd boots; the stack's servers are units of it",
    ),
    ...when(
      facts.template,
      "is-template",
      `${facts.name} is a container of a template: the stack is in it already`,
      "stack-agent status there tells how it stands",
    ),
    ...when(
      facts.other !== undefined,
      "other-stack",
      `${facts.name} has another stack, ${facts.other}`,
      `stack-agent reset there, then apt purge ${facts.other}`,
    ),
    ...when(
      facts.installed?.newer === true,
      "older-package",
      `${facts.name} has ${pack.name} ${facts.installed?.version}, newer than ${pack.version}`,
      "build the newer one, or purge that first",
    ),
    ...memoryRefusal(facts, pack),
    ...when(
      facts.installed?.same !== true && facts.free < pack.bytes,
      "too-little-disk",
      `${Math.floor(facts.free / 1e6)} MB are free in /var/tmp of ${facts.name}, the package has ${Math.ceil(pack.bytes / 1e6)} MB`,
      "make room there: apt-get clean, or a larger disk",
    ),
  ];
}

function memoryRefusal({ memory }: HostFacts, { model }: Pick<HostPackage, "model">): readonly Finding[] {
  try {
    budget(model, memory);
    return [];
  } catch (error) {
    if (isStackError(error))
      return [finding(error.code, error.message, "use a machine with more memory, or give it more")];
    throw error;
  }
}

function when(refused: boolean, code: string, message: string, fix: string): readonly Finding[] {
  return refused ? [finding(code, message, fix)] : [];
}
