import { type Document, isScalar, parseDocument } from "yaml";
import { messageOf } from "../../lib/error.ts";
import { ownPath } from "./own-path.ts";

/** One `--set path=value` of the command line. */
export interface Setting {
  /** As it was given, up to the `=`: for messages. */
  readonly option: string;
  readonly path: readonly string[];
  /** null takes the setting out of the file. */
  readonly value: unknown;
}

/** A setting in the document, and from which key on the document owes it to the option. */
export interface AppliedSetting {
  readonly setting: Setting;
  readonly from: readonly string[];
}

/**
 * Reads the values of `--set`: `container.memory=4GiB`, `redis.ports.0=7000`, `rabbitmq=null`.
 * The value is YAML.
 *
 * @returns the settings, and a sentence for each that can't be read
 */
export function parseSettings(options: readonly string[]): { settings: Setting[]; faults: string[] } {
  const settings: Setting[] = [];
  const faults: string[] = [];
  for (const text of options) {
    const [, path = "", value = ""] = /^([^=]*)=?(.*)$/s.exec(text) ?? [];
    const option = `--set ${path}`;
    const keys = path.split(".");
    const { value: read, broken } = readValue(value);
    if (!text.includes("=") || keys.includes("")) {
      faults.push(`--set ${text}: must be PATH=VALUE, e.g. --set container.memory=4GiB`);
    } else if (broken !== undefined) {
      faults.push(`${option}: ${broken}; a text with signs of YAML goes in quotes: --set '${path}="…"'`);
    } else settings.push({ option, path: keys, value: read });
  }
  return { settings, faults };
}

/** What a text means in YAML, or why it means nothing. */
function readValue(text: string): { readonly value?: unknown; readonly broken?: string } {
  try {
    const document = parseDocument(text, { prettyErrors: false, logLevel: "error" });
    const [error] = document.errors;
    return error === undefined ? { value: document.toJS() as unknown } : { broken: error.message };
  } catch (error) {
    // An alias without its anchor; more levels than can be read.
    return { broken: messageOf(error) };
  }
}

/**
 * Puts settings into a definition's document, whose comments stay. Whether the schema knows
 * them is for the schema to say.
 *
 * @returns where each was put, and a sentence for each that has no place there
 */
export function applySettings(
  document: Document,
  settings: readonly Setting[],
): { applied: AppliedSetting[]; faults: string[] } {
  const applied: AppliedSetting[] = [];
  const faults: string[] = [];
  for (const setting of settings) {
    const { option, path, value } = setting;
    ownPath(document, path);
    const from = path.slice(0, path.findIndex((_, index) => !document.hasIn(path.slice(0, index + 1))) + 1);
    applied.push({ setting, from: from.length === 0 ? path : from });
    try {
      emptySections(document, path);
      if (value !== null) document.setIn(path, value);
      else if (document.hasIn(path)) document.deleteIn(path);
    } catch {
      faults.push(`${option}: lies below a value that has no keys of its own`);
    }
  }
  return { applied, faults };
}

/** `redis:` with nothing behind it is a section too: it may get its first key. */
function emptySections(document: Document, path: readonly string[]): void {
  for (let length = 1; length < path.length; length++) {
    const node = document.getIn(path.slice(0, length), true);
    if (isScalar(node) && node.value === null) document.deleteIn(path.slice(0, length));
  }
}
