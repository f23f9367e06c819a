import type { Model } from "../../../stack/model.ts";

/** The package's name: one stack, one package. */
export function packageName(model: Pick<Model, "name">): string {
  return `stack-agent-${model.name}`;
}

/** `NAME_VERSION_ARCHITECTURE.deb`, Debian's convention. */
export function debName(model: Pick<Model, "name" | "version" | "architecture">): string {
  return `${packageName(model)}_${model.version}_${model.architecture}.deb`;
}

/**
 * What the agent needs to run at all. The stack's own packages are no dependencies: their
 * servers would be started with their own configuration, on the stack's ports, before the
 * agent has a say; `stack-agent provision` installs them with starts forbidden.
 */
const depends = ["libc6 (>= 2.36)", "libstdc++6 (>= 12)", "libsystemd0", "systemd", "apt", "util-linux"];

/** debian's control file (deb-control(5)). @param installedKiB size of what is unpacked */
export function controlText(model: Model, installedKiB: number): string {
  const services = model.services.map(({ name }) => name);
  return [
    `Package: ${packageName(model)}`,
    `Version: ${model.version}`,
    `Architecture: ${model.architecture}`,
    `Maintainer: ${model.name} <root@localhost>`,
    `Installed-Size: ${installedKiB}`,
    `Depends: ${depends.join(", ")}`,
    // One agent, one stack a machine: two would share /opt/stack-agent.
    "Provides: stack-agent",
    "Conflicts: stack-agent",
    "Section: admin",
    "Priority: optional",
    `Description: the ${model.name} stack, for a Debian ${model.debian.version} host without its template`,
    " The agent, its definition of the stack and the code of the services. Nothing is set up",
    " when it is installed: `stack-agent provision --plan` tells what would be, and",
    " `stack-agent provision` does it; `stack-agent reset` takes it back.",
    ...(services.length === 0 ? [] : [" .", ` Services: ${services.join(", ")}.`]),
    "",
  ].join("\n");
}
