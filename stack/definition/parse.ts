import { type Document, LineCounter, type Node, parseDocument, visit } from "yaml";
import * as z from "zod/mini";
import { ExitCode, messageOf, StackError } from "../../lib/error.ts";
import { conflicts } from "./conflicts.ts";
import type { Fault } from "./fault.ts";
import { definitionJsonSchema } from "./json-schema.ts";
import { nearest } from "./nearest.ts";
import { isMergeKey, mergeSources, offsetOf } from "./offset-of.ts";
import { type Definition, definitionSchema } from "./schema.ts";
import { type AppliedSetting, applySettings, parseSettings } from "./set.ts";
import { takenNames } from "./taken-names.ts";
import { withoutExtensions } from "./without-extensions.ts";
import { withoutFaults } from "./without-faults.ts";

/**
 * Reads a stack.yaml. Every fault is reported at once, in the file's order, as
 * `FILE:LINE:COLUMN: PATH: what is wrong and what would be right`.
 *
 * @param file the name to put before the lines
 * @throws StackError `definition-invalid`, exit 64, one detail line a fault
 */
export function parseDefinition(text: string, file: string): Definition {
  return readDefinition(text, file).definition;
}

/**
 * Reads a stack.yaml with settings of the command line in the place of the file's, or beside
 * them. Their faults come after the file's, as `--set PATH: what is wrong`.
 *
 * @param set `PATH=VALUE`, the value in YAML; null takes a setting out
 * @param more what else is wrong with a definition that is right by itself
 * @returns the text with the settings in it and its comments kept; without any, as it was given
 * @throws StackError `definition-invalid`, exit 64, one detail line a fault
 */
export function readDefinition(
  text: string,
  file: string,
  set: readonly string[] = [],
  more: (definition: Definition) => readonly Fault[] = () => [],
): { readonly definition: Definition; readonly text: string } {
  const lines = new LineCounter();
  const document = notTooDeep(file, () =>
    parseDocument(text, { lineCounter: lines, prettyErrors: false, merge: true }),
  );
  if (document.errors.length > 0) {
    throw invalid(
      file,
      document.errors.map((error) => at(file, lines, error.pos[0], "", error.message)),
    );
  }
  const { settings, faults: unreadable } = parseSettings(set);
  const { applied, faults: placeless } = applySettings(document, settings);
  const data = notTooDeep(file, () => withoutExtensions(dataOf(document, file, lines)));
  const parsed = definitionSchema.safeParse(data, { error: z.locales.en().localeError });
  const wrong = parsed.success ? [] : parsed.error.issues.flatMap(faultsOf);
  const right = parsed.success ? parsed : definitionSchema.safeParse(withoutFaults(data, wrong));
  const own = [...wrong, ...conflicts(data), ...(right.success ? takenNames(right.data) : [])];
  // One reason is enough for one place.
  const told = new Set(own.map(({ path }) => path.join(".")));
  const others = right.success ? more(right.data).filter(({ path }) => !told.has(path.join("."))) : [];
  const faults = [...own, ...others];
  const ofSettings = [...unreadable, ...placeless];
  if (parsed.success && faults.length === 0 && ofSettings.length === 0) {
    return { definition: parsed.data, text: set.length === 0 ? text : document.toString({ lineWidth: 0 }) };
  }
  const placed = faults.map((fault) => ({
    fault,
    option: optionOf(fault, applied),
    offset: offsetOf(document, fault),
  }));
  placed.sort((a, b) => a.offset - b.offset);
  const lineOf = ({ fault, option, offset }: (typeof placed)[number]): string =>
    option ?? at(file, lines, offset, fault.path.join("."), fault.message);
  throw invalid(file, [
    ...placed.filter(({ option }) => option === undefined).map(lineOf),
    ...placed.filter(({ option }) => option !== undefined).map(lineOf),
    ...ofSettings,
  ]);
}

/** What reads YAML calls itself for each level: of thousands there is no end but the stack's. */
function notTooDeep<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw invalid(file, [`${file}: it has more levels than can be read`]);
    throw error;
  }
}

/** @throws StackError `definition-invalid` for an alias without its anchor, and for `<<` of what is no map */
function dataOf(document: Document, file: string, lines: LineCounter): unknown {
  const faults: string[] = [];
  visit(document, {
    Alias: (_, alias) => {
      if (alias.resolve(document) !== undefined) return;
      faults.push(at(file, lines, alias.range?.[0] ?? 0, "", `there is no &${alias.source} before it`));
    },
  });
  visit(document, {
    Pair: (_, pair) => {
      if (faults.length > 0 || !isMergeKey(pair.key) || mergeSources(pair, document).length > 0) return;
      faults.push(at(file, lines, (pair.key as Node).range?.[0] ?? 0, "", "<< takes a map, or a list of maps"));
    },
  });
  if (faults.length > 0) throw invalid(file, faults);
  try {
    return document.toJS();
  } catch (error) {
    throw invalid(file, [`${file}: ${messageOf(error)}`]);
  }
}

/** The fault as the option's that brought it; undefined for what the file itself says. */
function optionOf({ path, message }: Fault, applied: readonly AppliedSetting[]): string | undefined {
  const owner = applied.findLast(({ from }) => from.every((key, index) => key === String(path[index])));
  if (owner === undefined) return undefined;
  const { option, path: given } = owner.setting;
  const elsewhere = path.some((key, index) => String(key) !== given[index]);
  return `${option}: ${elsewhere ? `${path.join(".")}: ` : ""}${message}`;
}

function invalid(file: string, detail: readonly string[]): StackError {
  const count = detail.length === 1 ? "1 fault" : `${detail.length} faults`;
  return new StackError("definition-invalid", `${file} has ${count}`, {
    detail,
    hint: "build-template --schema prints what a stack.yaml may hold; stack/stock-analysis.yaml is a whole one",
    exit: ExitCode.usage,
  });
}

function at(file: string, lines: LineCounter, offset: number, path: string, message: string): string {
  const { line, col } = lines.linePos(offset);
  return `${file}:${line}:${col}: ${path === "" ? "" : `${path}: `}${message}`;
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path;
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownKey(path, key), atKey: true }));
  }
  if (issue.code === "invalid_union") {
    // What is wrong inside the one form that it was meant to have says more than that it has none.
    const inside = issue.errors.find((branch) => branch.some((one) => one.path.length > 0 || isKeys(one)));
    if (inside !== undefined) return inside.flatMap((one) => faultsOf({ ...one, path: [...path, ...one.path] }));
  }
  if (issue.code === "invalid_key") {
    return issue.issues.map((inner) => ({ path, message: plain(inner.message), atKey: true }));
  }
  return [{ path, message: plain(issue.message) }];
}

function isKeys(issue: z.core.$ZodIssue): boolean {
  return issue.code === "unrecognized_keys";
}

function unknownKey(path: readonly PropertyKey[], key: string): string {
  const known = keysAt(path);
  const close = nearest(key, known);
  if (close !== undefined) return `unknown key; did you mean "${close}"?`;
  return known.length === 0 ? "unknown key" : `unknown key; known are ${known.join(", ")}`;
}

/** The keys that the schema knows at a path; a record's entries (services) share one schema. */
function keysAt(path: readonly PropertyKey[]): string[] {
  let schema = definitionJsonSchema();
  for (const key of path) {
    const next = schema.properties?.[String(key)] ?? schema.additionalProperties;
    if (next === undefined || typeof next === "boolean") return [];
    schema = next.anyOf?.find((choice) => choice.properties !== undefined) ?? next;
  }
  return Object.keys(schema.properties ?? {});
}

function plain(message: string): string {
  const text = message.replace(/^Invalid (input|option|key in record): /, "");
  return text.replace(/^expected (\S+), received undefined$/, "is missing (expected $1)");
}
