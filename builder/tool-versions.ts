import { StackError } from "../lib/error.ts";
import type { Run } from "../lib/run.ts";

/** How each program of the building machine tells its version. */
const programs = {
  mmdebstrap: { args: ["--version"], version: /mmdebstrap (\S+)/ },
  apt: { command: "apt-get", args: ["--version"], version: /^apt (\S+)/ },
  dpkg: { args: ["--version"], version: /version (\S+)/ },
  patchelf: { args: ["--version"], version: /^patchelf (\S+)/ },
  tar: { args: ["--version"], version: /\(GNU tar\) (\S+)/ },
} as const satisfies Readonly<
  Record<string, { readonly command?: string; readonly args: readonly string[]; readonly version: RegExp }>
>;

/**
 * What a template was made with, for its manifest: the programs of this machine, and the
 * Node that compresses and runs the builder.
 *
 * @param names what the build really called: a base from the cache called no mmdebstrap
 * @throws StackError `missing-tool`, `tool-version` where a program doesn't tell
 */
export async function toolVersions(
  names: readonly (keyof typeof programs)[],
  run: Run,
): Promise<Record<string, string>> {
  const found = await Promise.all(
    names.map(async (name) => {
      const { args, version, ...rest } = programs[name];
      const { stdout, stderr } = await run("command" in rest ? rest.command : name, args, {
        env: { ...process.env, LC_ALL: "C" },
      });
      const text = version.exec(stdout || stderr)?.[1];
      if (text === undefined) throw new StackError("tool-version", `${name} does not tell its version`);
      return [name, text.replace(/\.$/, "")] as const;
    }),
  );
  return Object.fromEntries([...found, ["builder-node", process.versions.node], ["zlib", process.versions.zlib ?? ""]]);
}
