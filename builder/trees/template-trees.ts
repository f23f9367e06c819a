import { constants, readFileSync } from "node:fs";
import { access, readdir, readlink, realpath, stat } from "node:fs/promises";
import { join, relative } from "node:path";
import { isErrno, messageOf, StackError } from "../../lib/error.ts";
import type { Templates } from "../../stack/render/render.ts";

/** One file of a user's own trees. */
export interface TreeFile {
  /** In the tree of templates: `units/…` or `rootfs-overlay/…`. */
  readonly path: string;
  /** On this machine. */
  readonly from: string;
  readonly kind: "file" | "symlink";
  /** Of a symlink: as written. */
  readonly target: string;
  readonly executable: boolean;
}

/** Both trees: this project's, and over it the user's. */
export interface TemplateTrees {
  /** Texts by path, the user's first. */
  readonly templates: Templates;
  /** Paths of this project's templates, sorted. */
  readonly ours: readonly string[];
  /** The user's files, sorted by path. */
  readonly own: readonly TreeFile[];
}

export const treeNames = ["rootfs-overlay", "units"] as const;

/** What version control and file managers leave, and what explains a tree to its reader. */
const left = /(^|\/)(\.gitkeep|\.gitignore|\.DS_Store)$|^(units|rootfs-overlay)\/README\.md$/;

/**
 * Reads the trees of templates: the project's, and those beside the user's stack.yaml.
 *
 * @param folder the definition's; the project's own folders have no second trees
 * @throws StackError `overlay-invalid`, exit 64, naming each file that can't be taken
 */
export async function readTemplateTrees(where: {
  readonly project: string;
  readonly folder: string;
}): Promise<TemplateTrees> {
  const { project, folder } = where;
  const home = await realpath(folder);
  const within = await Promise.all([project, join(project, "stack")].map((path) => realpath(path).catch(() => path)));
  const ours = (await Promise.all(treeNames.map((tree) => listFiles(project, tree)))).flat();
  const own = within.includes(home) ? [] : await ownFiles(folder);
  const origin = new Map([
    ...ours.map((path) => [path, join(project, path)] as const),
    ...own.filter(({ kind }) => kind === "file").map(({ path, from }) => [path, from] as const),
  ]);
  return { templates: reader(origin, project), ours: ours.sort(), own };
}

/** Each file is read once: what is rendered and what is packed are the same text. */
function reader(origin: ReadonlyMap<string, string>, project: string): Templates {
  const texts = new Map<string, string>();
  return (path) => {
    const text = texts.get(path) ?? readText(origin.get(path) ?? join(project, path));
    texts.set(path, text);
    return text;
  };
}

function readText(path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(readFileSync(path));
  } catch (error) {
    if (isErrno(error, "ENOENT", "EISDIR")) {
      throw new StackError("template-missing", `${path} is not there`, { exit: 64 });
    }
    if (error instanceof TypeError) throw new StackError("not-text", `${path} is not text in UTF-8`, { exit: 64 });
    throw error;
  }
}

async function listFiles(folder: string, tree: string): Promise<string[]> {
  const entries = await readdir(join(folder, tree), { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

async function ownFiles(folder: string): Promise<TreeFile[]> {
  const faults: string[] = [];
  const files: TreeFile[] = [];
  for (const tree of treeNames) {
    const entries = await readdir(join(folder, tree), { recursive: true, withFileTypes: true }).catch(
      (error: unknown) => {
        if (!isErrno(error, "ENOENT")) faults.push(`${tree}: ${messageOf(error)}`);
        return [];
      },
    );
    for (const entry of entries) {
      const from = join(entry.parentPath, entry.name);
      const path = relative(folder, from);
      if (left.test(path) || entry.isDirectory()) continue;
      const fault = await whyNot(path, from, entry.isFile(), entry.isSymbolicLink());
      if (fault !== undefined) faults.push(`${path}: ${fault}`);
      else if (entry.isSymbolicLink()) {
        files.push({ path, from, kind: "symlink", target: await readlink(from), executable: false });
      } else {
        const executable = ((await stat(from)).mode & 0o100) !== 0;
        files.push({ path, from, kind: "file", target: "", executable });
      }
    }
  }
  if (faults.length > 0) throw invalidOverlay(folder, faults);
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function whyNot(path: string, from: string, isFile: boolean, isLink: boolean): Promise<string | undefined> {
  if (path.includes("\ufffd")) return "its name is not UTF-8";
  if (isLink) return undefined;
  if (!isFile) return "is a device, socket or pipe; only files and symbolic links can be taken";
  return access(from, constants.R_OK).then(
    () => undefined,
    (error: unknown) => `can't be read: ${messageOf(error)}`,
  );
}

/** What is wrong with a user's own trees, a line each. */
export function invalidOverlay(folder: string, faults: readonly string[]): StackError {
  const count = faults.length === 1 ? "1 fault" : `${faults.length} faults`;
  return new StackError("overlay-invalid", `the trees beside ${join(folder, "stack.yaml")} have ${count}`, {
    detail: faults,
    hint: "docs/your-own-stack.md says what rootfs-overlay/ and units/ may hold",
    exit: 64,
  });
}
