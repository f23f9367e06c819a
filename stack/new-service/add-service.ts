import { isMap, isScalar, type Pair, parseDocument } from "yaml";
import { ExitCode, StackError } from "../../lib/error.ts";
import { parseDefinition } from "../definition/parse.ts";
import { applySettings } from "../definition/set.ts";
import { type ServiceSection, sectionLines } from "./service-section.ts";

/**
 * Puts a service into a definition, behind those that are there. Nothing else of the text changes, unless the
 * services are written in one line or come from elsewhere in it.
 *
 * @param file the name for faults
 * @throws StackError `service-there`; `definition-invalid` as parseDefinition, where the definition with it is not
 *   right: a port or a name that is taken; exit 64
 */
export function addService(text: string, name: string, section: ServiceSection, file: string): string {
  if (name in parseDefinition(text, file).services) {
    throw new StackError("service-there", `${file} has a service ${name} already`, {
      hint: "choose another name",
      exit: ExitCode.usage,
    });
  }
  const added = inBlock(text, name, section) ?? inDocument(text, name, section);
  parseDefinition(added, file);
  return added;
}

/** undefined where the services are no block of their own lines. */
function inBlock(text: string, name: string, section: ServiceSection): string | undefined {
  const services = parseDocument(text).get("services", true);
  if (!isMap(services) || services.flow || services.items.length === 0) return undefined;
  const key = (services.items[0] as Pair).key;
  const begin = isScalar(key) ? key.range?.[0] : undefined;
  const end = services.range?.[1];
  if (begin === undefined || end === undefined) return undefined;
  const indent = text.slice(text.lastIndexOf("\n", begin - 1) + 1, begin);
  if (!/^ +$/.test(indent)) return undefined;
  const before = text.slice(0, end);
  const newline = before.endsWith("\n") ? "" : "\n";
  return `${before}${newline}${sectionLines(name, section, indent)}${text.slice(end)}`;
}

function inDocument(text: string, name: string, section: ServiceSection): string {
  const document = parseDocument(text, { merge: true });
  applySettings(document, [{ option: `service ${name}`, path: ["services", name], value: section }]);
  return document.toString({ lineWidth: 0 });
}
