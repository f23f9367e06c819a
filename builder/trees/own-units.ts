import type { Model } from "../../stack/model.ts";
import type { Entry } from "../archive/archive-of-entries.ts";
import { enableLinks, installSection } from "./install-section.ts";
import type { PlacedFile } from "./own-entry.ts";
import { unitFolder } from "./own-place.ts";
import { disables, type PresetLine, presetLines } from "./preset-lines.ts";

/** First of the presets after Proxmox's own: the stack's next one disables all it doesn't name. */
const presetPath = "/usr/lib/systemd/system-preset/05-stack-own.preset";

/**
 * What a user's units need beside their files: the links of `systemctl enable`, and a preset
 * that keeps them.
 */
export function ownUnits(placed: readonly PlacedFile[], model: Model): { entries: Entry[]; faults: string[] } {
  const texts = new Map(
    placed.flatMap(({ file, entry: { path, content } }) =>
      content.kind === "text" && path.startsWith(`${unitFolder}/`)
        ? [[path.slice(unitFolder.length + 1), { file, text: content.text }] as const]
        : [],
    ),
  );
  const presets = ownPresets(placed);
  const faults: string[] = [];
  const enabled: string[] = [];
  const links: Entry[] = [];
  for (const [unit, { file, text }] of texts) {
    if (unit.includes("/")) continue;
    const dropIns = [...texts].filter(([name]) => name.startsWith(`${unit}.d/`)).map(([, one]) => one.text);
    // Of units that the stack's own list names the list says where they belong.
    if (model.units.some((spec) => spec.unit === unit)) continue;
    const install = installSection(unit, [text, ...dropIns]);
    const unknown = install.Also.filter((also) => !texts.has(also));
    for (const also of unknown) {
      faults.push(
        `${file.path}: Also=${also} is not a unit of yours; enable it by a link units/TARGET.wants/${also} -> /lib/systemd/system/${also}`,
      );
    }
    const made = disables(presets, unit) ? [] : enableLinks(unit, install);
    if (made.length > 0) enabled.push(presetLine(unit, install.DefaultInstance));
    links.push(...made.map((link) => symlink(`${unitFolder}/${link.name}`, `${unitFolder}/${link.unit}`)));
  }
  faults.push(...twice(links, placed));
  if (enabled.length === 0) return { entries: links, faults };
  const text = ["# The units of this stack's own units/ folder.", ...enabled.sort(), ""].join("\n");
  const preset: Entry = { path: presetPath, mode: 0o644, content: { kind: "text", text } };
  return { entries: [...links, preset], faults };
}

function presetLine(unit: string, instance: string | undefined): string {
  return `enable ${unit}${/@\.\w+$/.test(unit) && instance !== undefined ? ` ${instance}` : ""}`;
}

function symlink(path: string, target: string): Entry {
  return { path, mode: 0o777, content: { kind: "symlink", target } };
}

function ownPresets(placed: readonly PlacedFile[]): PresetLine[] {
  const texts = placed.flatMap(({ entry: { path, content } }) => {
    const name = /\/systemd\/system-preset\/([^/]+\.preset)$/.exec(path)?.[1];
    return name === undefined || content.kind !== "text" ? [] : [{ name, text: content.text }];
  });
  return texts.sort((a, b) => (a.name < b.name ? -1 : 1)).flatMap(({ text }) => presetLines(text));
}

function twice(links: readonly Entry[], placed: readonly PlacedFile[]): string[] {
  const makers = new Map(placed.map(({ file, entry }) => [entry.path, file.path]));
  return links.flatMap(({ path, content }) => {
    const target = content.kind === "symlink" ? content.target.slice(unitFolder.length + 1) : "";
    const other = makers.get(path);
    makers.set(path, `units/${target}`);
    return other === undefined ? [] : [`units/${target}: its [Install] makes ${path}, as ${other} does`];
  });
}
