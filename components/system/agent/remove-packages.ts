import type { Executors } from "../../../engine/action.ts";
import { aptGet } from "./packages.ts";

/** Somebody's package that merely recommends one of ours has done without it before. */
const onlyNeeded = [
  "--option=APT::AutoRemove::RecommendsImportant=false",
  "--option=APT::AutoRemove::SuggestsImportant=false",
];

/**
 * Removes packages that were installed for the stack, but for those that one of the machine's
 * other packages needs by now.
 */
export const removePackages: Executors["removePackages"] = {
  lock: "dpkg",
  describe: ({ packages, purge }) => `${packages.join(" ")}${purge ? " (and their configuration)" : ""}`,
  async apply({ packages, purge }, io) {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query fills it in
    const { stdout } = await io.run("dpkg-query", ["--show", "--showformat", "${Package} ${db:Status-Abbrev}\n"]);
    const states = new Map(stdout.split("\n").map((line) => [line.split(" ")[0] ?? "", line.split(" ")[1] ?? ""]));
    const installed = packages.filter((name) => states.get(name)?.startsWith("ii"));
    if (installed.length > 0) await io.run("apt-mark", ["auto", "--", ...installed]);
    const simulation = await aptGet([...onlyNeeded, "--simulate", "autoremove"], io);
    const unneeded = new Set([...simulation.matchAll(/^Remv (\S+) /gm)].map(([, name]) => name));
    const leftovers = purge ? packages.filter((name) => states.get(name)?.startsWith("rc")) : [];
    const going = [...installed.filter((name) => unneeded.has(name)), ...leftovers];
    const staying = installed.filter((name) => !unneeded.has(name));
    if (staying.length > 0) io.log("notice", `other packages need these by now, they stay: ${staying.join(" ")}`);
    if (going.length > 0) await aptGet([purge ? "purge" : "remove", "--", ...going], io, (line) => io.tell(line));
  },
};
