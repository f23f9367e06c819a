import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { isStackError, messageOf } from "../../lib/error.ts";
import { budget } from "../../stack/budget.ts";
import type { Model } from "../../stack/model.ts";
import { render } from "../../stack/render/render.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { knownBase } from "../known/known-base.ts";
import type { CopiedFile, OwnEntry, PlacedFile } from "./own-entry.ts";
import { ownNameFaults } from "./own-faults.ts";
import { ownPlace } from "./own-place.ts";
import { ownUnits } from "./own-units.ts";
import { reservedPaths } from "./reserved-paths.ts";
import { invalidOverlay, type TemplateTrees, type TreeFile } from "./template-trees.ts";

/** What the build itself takes account of, beside units. */
const readHere = /^\/(usr\/lib|etc)\/(systemd\/system-preset\/[^/]+\.preset|sysusers\.d\/[^/]+\.conf)$/;

/** The user's own lines of sysusers.d(5): accounts must be there before anything can belong to them. */
export function ownAccounts(own: readonly OwnEntry[]): string {
  const texts = own.filter(({ path }) => readHere.test(path) && path.includes("/sysusers.d/"));
  return texts.map(({ content }) => (content.kind === "text" ? `${content.text}\n` : "")).join("");
}

/**
 * Works out what a user's own trees add to the container. Files that replace one of our
 * templates are not among it: they are already what the templates say.
 *
 * @param folder the definition's, for messages
 * @throws StackError `overlay-invalid`, exit 64, every fault at once: names that clash,
 *   places that are not for files, templates that can't be rendered
 */
export async function ownFiles(tree: TemplateTrees, model: Model, folder: string): Promise<OwnEntry[]> {
  if (tree.own.length === 0) return [];
  const faults = [...replacingFaults(tree), ...renderFaults(tree, model)];
  const placed: PlacedFile[] = [];
  for (const file of tree.own.filter(({ path }) => !tree.ours.includes(path))) {
    const place = ownPlace(file, tree.ours, model);
    if ("fault" in place) faults.push(`${file.path}: ${place.fault}`);
    else if (place.path !== undefined) {
      const made = await content(file, place.path, tree, model);
      if ("fault" in made) faults.push(`${file.path}: ${made.fault}`);
      else placed.push({ file, entry: made.entry });
    }
  }
  faults.push(...clashes(placed, model));
  const units = ownUnits(placed, model);
  const own = [...placed.map(({ entry }) => entry), ...units.entries];
  faults.push(...units.faults, ...ownNameFaults(own, model, knownBase(model.debian.suite).names));
  if (faults.length > 0) throw invalidOverlay(folder, faults);
  return own;
}

function replacingFaults({ own, ours }: TemplateTrees): string[] {
  return own
    .filter(({ kind, path }) => kind === "symlink" && ours.includes(path))
    .map(({ path }) => `${path}: is a template of the stack's; only a file can replace it`);
}

/** Boot files are rendered in the container, where nobody could tell a fault any more: they are tried here. */
function renderFaults({ templates, own, ours }: TemplateTrees, model: Model): string[] {
  if (!own.some(({ path }) => ours.includes(path))) return [];
  const context = { templates, budget: budget(model, model.definition.container.memory), secret: () => "secret" };
  const faults = model.files.flatMap((file) => {
    try {
      renderFile(file, model, context);
      return [];
    } catch (error) {
      return [`${file.template}: ${reason(error)}`];
    }
  });
  return [...new Set(faults)];
}

async function content(
  file: TreeFile,
  path: string,
  { templates }: TemplateTrees,
  model: Model,
): Promise<{ readonly entry: OwnEntry } | { readonly fault: string }> {
  if (file.kind === "symlink") {
    return { entry: { path, mode: 0o777, content: { kind: "symlink", target: file.target } } };
  }
  // systemd complains of a unit that may be executed.
  const mode = file.executable && !file.path.startsWith("units/") ? 0o755 : 0o644;
  try {
    if (file.path.endsWith(".ejs")) {
      const text = render(file.path, { stack: model }, templates);
      return { entry: { path, mode, content: { kind: "text", text } } };
    }
    if (file.path.startsWith("units/") || readHere.test(path)) {
      return { entry: { path, mode, content: { kind: "text", text: templates(file.path) } } };
    }
  } catch (error) {
    if (!isStackError(error)) throw error;
    return { fault: reason(error) };
  }
  return { entry: { path, mode, content: await copied(file.from) } };
}

/** Of EJS's message only the last line: those before it are a piece of the file. */
function reason(error: unknown): string {
  const cause = isStackError(error) && error.cause !== undefined ? error.cause : error;
  const last = messageOf(cause).trim().split("\n").at(-1);
  return isStackError(error) && error.code === "template-failed" ? `can't be rendered: ${last}` : `${last}`;
}

async function copied(from: string): Promise<CopiedFile> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(from), hash);
  const sha256 = hash.digest("hex");
  return { kind: "file", from, sha256, toJSON: () => ({ kind: "file", sha256 }) };
}

/** Two makers of one path, and files below a path that is a file. */
function clashes(placed: readonly PlacedFile[], model: Model): string[] {
  const makers = new Map(
    model.files.map(({ path, kind, template }) => [
      path,
      { maker: template ?? "the stack", folder: kind === "directory" },
    ]),
  );
  const reserved = reservedPaths(model);
  const faults: string[] = [];
  for (const { file, entry } of placed) {
    const taken = reserved.find(({ path }) => entry.path === path || entry.path.startsWith(`${path}/`));
    if (taken !== undefined) faults.push(`${file.path}: nothing can be put at ${taken.path}; ${taken.why}`);
    const other = makers.get(entry.path);
    if (other !== undefined) faults.push(`${file.path}: ${entry.path} is made by ${other.maker} too`);
    else makers.set(entry.path, { maker: file.path, folder: false });
  }
  for (const { file, entry } of placed) {
    const parent = parents(entry.path).find((path) => makers.get(path)?.folder === false);
    if (parent !== undefined) {
      faults.push(`${file.path}: lies below ${parent}, which is a file, made by ${makers.get(parent)?.maker}`);
    }
  }
  const below = placed
    .filter(({ entry }) => !model.files.some(({ path }) => path === entry.path))
    .flatMap(({ file, entry }) => {
      const lost = model.files.find(({ path }) => parents(path).includes(entry.path));
      return lost === undefined ? [] : [`${file.path}: ${lost.path} of ${lost.template ?? "the stack"} lies below it`];
    });
  return [...faults, ...below];
}

function parents(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return parts.map((_, index) => `/${parts.slice(0, index + 1).join("/")}`);
}
