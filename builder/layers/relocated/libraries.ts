import { chmod, copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import { exists } from "../../../lib/files.ts";
import { type Control, dependencyFields, sourceOf, withoutDependencies } from "./control.ts";
import type { DpkgDeb } from "./pack-deb.ts";
import { elfFiles, interpreter, neededBy } from "./relocate-elf.ts";

/** A package of the newer release that libraries are taken from, unpacked. */
export interface LibraryPackage {
  readonly tree: string;
  readonly control: Control;
}

export interface LibrariesSpec {
  /** Name of the package that is made, and its version. */
  readonly package: string;
  readonly version: string;
  /** Where the libraries lie in it. */
  readonly folder: string;
  readonly architecture: string;
  readonly needless: readonly string[];
  /** Version of the release that they are of, `13`. */
  readonly release: string;
}

/**
 * Lays out the package that holds a newer release's libraries: those that programs ask for, and
 * those that these ask for in turn. What none of the packages has is left to the older release.
 *
 * @param programs ELF files
 * @returns its control fields
 */
export async function layOutLibraries(
  tree: string,
  spec: LibrariesSpec,
  packages: readonly LibraryPackage[],
  programs: readonly string[],
  how: DpkgDeb,
): Promise<Control> {
  const files = await usedLibraries(packages, programs, how);
  const folder = join(tree, spec.folder);
  await mkdir(folder, { recursive: true });
  await mkdir(join(tree, "DEBIAN"), { recursive: true });
  for (const [name, { file, own }] of files) {
    const copy = join(folder, name);
    await copyFile(file, copy);
    await chmod(copy, 0o755);
    // The C library finds its own parts, and its loader is told nothing.
    if (!own) await how.run("patchelf", ["--set-rpath", "$ORIGIN", copy], { signal: how.signal });
  }
  await writeCopyright(join(tree, "usr/share/doc", spec.package, "copyright"), spec, packages);
  return controlOf(spec, packages);
}

interface Library {
  readonly file: string;
  /** Whether it is a part of the C library. */
  readonly own: boolean;
}

/** By the name that programs ask for. */
async function usedLibraries(
  packages: readonly LibraryPackage[],
  programs: readonly string[],
  { run, signal }: DpkgDeb,
): Promise<ReadonlyMap<string, Library>> {
  const all = new Map<string, Library>();
  for (const { tree, control } of packages) {
    const own = control.get("Package") === "libc6";
    // Links of another version's name lead to the file that has the name asked for, or from it.
    for (const file of await elfFiles(tree)) {
      const { stdout } = await run("patchelf", ["--print-soname", file], { signal, accept: [0, 1] });
      all.set(stdout.trim() || basename(file), { file, own });
    }
  }
  const used = new Map<string, Library>();
  const look = async (file: string): Promise<void> => {
    for (const name of await neededBy(file, run, signal)) {
      const library = all.get(name);
      if (library === undefined || used.has(name)) continue;
      used.set(name, library);
      await look(library.file);
    }
  };
  for (const program of programs) await look(program);
  const loader = all.get(interpreter);
  if (loader === undefined) throw new StackError("no-interpreter", `no package has ${interpreter}`);
  return used.set(interpreter, loader);
}

function controlOf(spec: LibrariesSpec, packages: readonly LibraryPackage[]): Control {
  const names = new Set([...spec.needless, ...packages.map(({ control }) => control.get("Package") ?? "")]);
  const depends = packages.flatMap(({ control }) =>
    dependencyFields.slice(0, 2).flatMap((field) => {
      const left = withoutDependencies(control.get(field) ?? "", (name) => names.has(name));
      return left === "" ? [] : left.split(", ");
    }),
  );
  const contained = packages.map(({ control }) => ({ control, source: sourceOf(control) }));
  const sources = new Set(contained.map(({ source }) => `${source.name} (= ${source.version})`));
  return new Map([
    ["Package", spec.package],
    ["Version", spec.version],
    ["Architecture", spec.architecture],
    ["Maintainer", "proxmox-stack <root@localhost>"],
    ["Section", "libs"],
    ["Priority", "optional"],
    ...(depends.length === 0 ? [] : ([["Depends", [...new Set(depends)].sort().join(", ")]] as const)),
    ["Built-Using", [...sources].sort().join(", ")],
    [
      containsField,
      contained
        .map(({ control, source }) =>
          [...fields.map((field) => control.get(field) ?? ""), source.name, source.version].join(" "),
        )
        .join(", "),
    ],
    [
      "Description",
      `libraries of Debian ${spec.release} for programs of it\n Unchanged but for where they look for each other. Only programs that name their folder use them.`,
    ],
  ]);
}

const fields = ["Package", "Version", "Architecture"] as const;

/** Field of the package: whose files are in it, each `NAME VERSION ARCHITECTURE SOURCE SOURCE-VERSION`. */
export const containsField = "Contains-Packages";

/** Each package's copyright text, under its name. */
async function writeCopyright(path: string, spec: LibrariesSpec, packages: readonly LibraryPackage[]): Promise<void> {
  const texts: string[] = [];
  for (const { tree, control } of packages) {
    const name = control.get("Package") ?? "";
    const file = join(tree, "usr/share/doc", name, "copyright");
    // Packages of one source share one text, by a link to another's folder.
    if (!(await exists(file))) continue;
    texts.push(`== ${name} ${control.get("Version")}, Debian ${spec.release}\n\n${await readFile(file, "utf8")}`);
  }
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, texts.join("\n\n"));
}
