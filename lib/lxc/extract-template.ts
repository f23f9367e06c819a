import { chmod, chown, mkdir, rm, stat } from "node:fs/promises";
import { isErrno, isStackError, StackError } from "../error.ts";
import { compressionFlag } from "./compression-flag.ts";
import type { Effects } from "./effects.ts";
import { idMap, usernsArguments } from "./id-map.ts";

export interface ExtractOptions {
  /** The template file; its suffix decides the compression. */
  readonly template: string;
  /** The folder to fill; made if missing, then owned by the container's root. */
  readonly rootfs: string;
}

const DEADLINE = 15 * 60_000;

/**
 * The flags of pct's own extraction, in its order (pve-container 5.3.5, PVE::LXC::Create,
 * and PVE::Storage::Plugin's common tar flags). Two of them decide how a template must be
 * packed: `./dev/*` excludes only members that start with `./`, and with `--skip-old-files`
 * the first of two members with one name wins.
 */
function tarArguments(compression: readonly string[], rootfs: string): string[] {
  return [
    ...["tar", "xpf", "-", ...compression, "--totals"],
    ...["--one-file-system", "-p", "--sparse", "--numeric-owner", "--acls"],
    ...["--xattrs", "--xattrs-include=user.*", "--xattrs-include=security.capability"],
    ...["--warning=no-file-ignored", "--warning=no-xattr-write"],
    ...["-C", rootfs, "--skip-old-files", "--anchored", "--exclude", "./dev/*"],
  ];
}

/**
 * Extracts a template exactly as `pct create` does. Any complaint of tar destroys the
 * rootfs, as pct destroys the container.
 *
 * @throws StackError `template-name`, `template-missing`, `extract-failed` (`detail`:
 *   tar's last lines), `missing-tool`, `aborted`.
 */
export async function extractTemplate(options: ExtractOptions & Effects): Promise<void> {
  const { template, rootfs, run, signal } = options;
  const compression = compressionFlag(template);
  await stat(template).catch((cause: unknown) => {
    if (!isErrno(cause, "ENOENT", "ENOTDIR")) throw cause;
    throw new StackError("template-missing", `there is no template ${template}`, { cause });
  });
  await mkdir(rootfs, { recursive: true });
  await chown(rootfs, idMap.base, idMap.base);
  await chmod(rootfs, 0o755);
  try {
    await run("lxc-usernsexec", [...usernsArguments, ...tarArguments(compression, rootfs)], {
      inputFile: template,
      timeout: DEADLINE,
      signal,
      install: "apt-get install lxc uidmap",
    });
  } catch (error) {
    await rm(rootfs, { recursive: true, force: true });
    if (!isStackError(error) || error.code !== "command-failed") throw error;
    throw new StackError("extract-failed", `${template} can't be extracted as pct create does`, {
      cause: error,
      detail: error.detail,
      hint: "every member must start with ./ and have a numeric owner below 65536",
    });
  }
}
