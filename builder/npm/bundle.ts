import { copyFile, mkdir, readdir, readFile, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { build } from "esbuild";
import { nativeAddons } from "../deployer/native-addons.ts";
import { resource } from "../resource.ts";
import { programs } from "./programs.ts";

/**
 * What `npm pack` runs first, in the project's top. Node strips no types below
 * node_modules, so what is packed is JavaScript: bundled/NAME.js, one level below the top
 * like the sources' rooms (see lib/project-folder.ts). Packages stay outside: npm packs them
 * along (`bundleDependencies`) in the versions of the lock, which an install from a file
 * would heed neither as package-lock.json nor as npm-shrinkwrap.json. Not ssh2: packed along,
 * its optional native helper would not be optional any more, and npm would compile it. Nor what
 * Grafana's dashboards are made with: one of its 12 MB is used.
 */
const folder = "bundled";
const bundledPackages = [
  ...["ssh2", "asn1", "bcrypt-pbkdf", "safer-buffer", "tweetnacl"],
  ...["@grafana/grafana-foundation-sdk", "tslib"],
];
const { dependencies, optionalDependencies } = JSON.parse(await readFile("package.json", "utf8")) as Readonly<
  Record<"dependencies" | "optionalDependencies", Readonly<Record<string, string>>>
>;
await rm(folder, { recursive: true, force: true });
await build({
  entryPoints: Object.entries(programs).map(([out, entry]) => ({ in: entry, out })),
  outdir: folder,
  bundle: true,
  splitting: true,
  external: [...Object.keys({ ...dependencies, ...optionalDependencies }), ...nativeAddons],
  banner: { js: await readFile(resource("deployer/common-js.mjs"), "utf8") },
  platform: "node",
  target: "node24",
  format: "esm",
  keepNames: true,
  chunkNames: "chunk-[hash]",
  logLevel: "warning",
});

// Source text that the node layer compiles. npm would try to compile it on the user's machine,
// and drops the package where it can't: then this copy serves (see layers/node/node.ts).
for (const path of ["package.json", "LICENSE", "src/journal_send.cc"]) {
  const copy = join(folder, "systemd-journald", path);
  await mkdir(dirname(copy), { recursive: true });
  await copyFile(join("node_modules/systemd-journald", path), copy);
}

// Their licences go with what is copied.
for (const name of bundledPackages) {
  const source = join("node_modules", name);
  const licence = (await readdir(source)).find((file) => /^LICENSE(\.\w+)?$/.test(file)) ?? "LICENSE";
  await copyFile(join(source, licence), join(folder, `LICENSE.${name.replace(/^@\w+\//, "")}`));
}
