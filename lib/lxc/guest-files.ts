import type { Stats } from "node:fs";
import { lchown, lstat, mkdir, readdir, readFile, readlink, rm, stat, symlink } from "node:fs/promises";
import { basename, dirname, join, posix } from "node:path";
import { isErrno, StackError } from "../error.ts";
import { writeFileAtomic } from "../files.ts";
import { idMap } from "./id-map.ts";

export interface GuestWrite {
  /** Permission bits. Default 0o644. */
  readonly mode?: number;
  /** Host ids; default the container's root. */
  readonly uid?: number;
  readonly gid?: number;
}

/**
 * A container's files, named by their paths in the container. Links are followed as the
 * container would follow them, so none can lead out into the host. A file beside which
 * `.pve-ignore.NAME` lies is left as it is, as Proxmox does.
 */
export interface GuestFiles {
  /** The host's path of a file, every link on the way and its own followed inside the container. */
  realPath(path: string): Promise<string>;
  text(path: string): Promise<string | undefined>;
  isFile(path: string): Promise<boolean>;
  isFolder(path: string): Promise<boolean>;
  stat(path: string): Promise<Stats | undefined>;
  names(folder: string): Promise<readonly string[]>;
  /** A symbolic link's target; undefined where there is no link. */
  link(path: string): Promise<string | undefined>;
  /** @throws StackError `guest-unusable` where the file's folder isn't there. */
  write(path: string, text: string, options?: GuestWrite): Promise<void>;
  remove(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** Makes one folder, where its parent is there and it is not. */
  folder(path: string, mode: number): Promise<void>;
}

const MAX_LINKS = 40;

/** The files of the container whose root is at `rootfs`. */
export function guestFiles(rootfs: string): GuestFiles {
  const inside = (path: string): Promise<string> => resolveInside(rootfs, path);
  // The leaf itself isn't followed: writing replaces a link, as Proxmox's atomic write does.
  const beside = async (path: string): Promise<string> => join(await inside(dirname(path)), basename(path));
  const isIgnored = async (path: string): Promise<boolean> => {
    const marker = join(await inside(dirname(path)), `.pve-ignore.${basename(path)}`);
    return (await ifAny(stat(marker)))?.isFile() ?? false;
  };
  const guest: GuestFiles = {
    realPath: inside,
    text: async (path) => ifAny(readFile(await inside(path), "utf8")),
    stat: async (path) => ifAny(stat(await inside(path))),
    isFile: async (path) => (await guest.stat(path))?.isFile() ?? false,
    isFolder: async (path) => (await guest.stat(path))?.isDirectory() ?? false,
    names: async (folder) => (await ifAny(readdir(await inside(folder)))) ?? [],
    link: async (path) => {
      const real = await beside(path);
      return (await ifAny(lstat(real)))?.isSymbolicLink() ? readlink(real) : undefined;
    },
    write: async (path, text, options = {}) => {
      if (await isIgnored(path)) return;
      const { mode = 0o644, uid = idMap.base, gid = idMap.base } = options;
      if (!(await guest.isFolder(dirname(path)))) {
        throw new StackError("guest-unusable", `the container has no folder ${dirname(path)}`, {
          hint: "Proxmox can't write its settings there either: the template lacks a package (/etc/network is ifupdown's)",
        });
      }
      await writeFileAtomic(await beside(path), text, { mode, uid, gid });
    },
    remove: async (path) => {
      if (!(await isIgnored(path))) await rm(await beside(path), { force: true });
    },
    symlink: async (target, path) => {
      if (await isIgnored(path)) return;
      const real = await beside(path);
      await symlink(target, real);
      await lchown(real, idMap.base, idMap.base);
    },
    folder: async (path, mode) => {
      if (await guest.isFolder(path)) return;
      const real = await beside(path);
      await mkdir(real, { mode });
      await lchown(real, idMap.base, idMap.base);
    },
  };
  return guest;
}

async function resolveInside(rootfs: string, path: string): Promise<string> {
  const rest = path.split("/").filter((part) => part !== "");
  let at: string[] = [];
  for (let links = 0; rest.length > 0; ) {
    const part = rest.shift();
    if (part === undefined || part === ".") continue;
    if (part === "..") {
      at.pop();
      continue;
    }
    const here = join(rootfs, ...at, part);
    if ((await ifAny(lstat(here)))?.isSymbolicLink()) {
      links += 1;
      if (links > MAX_LINKS) throw new StackError("guest-link-loop", `too many symbolic links in ${path}`);
      const target = await readlink(here);
      if (posix.isAbsolute(target)) at = [];
      rest.unshift(...target.split("/").filter((next) => next !== ""));
    } else {
      at.push(part);
    }
  }
  return join(rootfs, ...at);
}

async function ifAny<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}
