import { ageText, bytesText, columns } from "../../lib/cli/text.ts";
import type { BuildPlanDocument } from "../../stack/documents/build-plan.ts";
import { shortKey } from "./short-key.ts";

type Layer = BuildPlanDocument["layers"][number];

/** A plan as a person reads it. @param now milliseconds since 1970 */
export function planText(plan: BuildPlanDocument, now: number): string {
  const built = plan.layers.filter(({ state }) => state !== "cached");
  const rows = plan.layers.map((layer) => [
    ...[layer.name, layer.key === undefined ? "-" : shortKey(layer.key), ...cells(layer, now)],
  ]);
  return [
    `${plan.name} ${plan.version}, Debian ${plan.debian}, ${plan.architecture}`,
    "",
    columns([["LAYER", "KEY", "STATE", "SIZE", "UNPACKED", "AGE"], ...rows]).trimEnd(),
    "",
    `packages  ${plan.packages.length} from Debian; --json lists them with their versions`,
    `services  ${plan.services.map(({ name, port }) => `${name}:${port}`).join(" ")}`,
    `tools     ${Object.entries(plan.tools)
      .map(([name, version]) => `${name} ${version}`)
      .join(", ")}`,
    `size      ${sizes(plan.layers)}`,
    ...plan.deviations.map((sentence) => `DEVIATION ${sentence}`),
    "",
    plan.template === undefined
      ? `A build makes ${built.map(({ name }) => name).join(", ") || "a layer that is damaged"}${estimate(built)}.`
      : `Everything is cached: a build gives ${plan.template}`,
    "",
  ].join("\n");
}

function cells({ state, bytes, unpackedBytes, builtAt, last }: Layer, now: number): string[] {
  if (bytes !== undefined && unpackedBytes !== undefined && builtAt !== undefined) {
    return [state, bytesText(bytes), bytesText(unpackedBytes), ageText(now - Date.parse(builtAt))];
  }
  return [
    state === "damaged" ? "damaged: to build" : "to build",
    last ? `about ${bytesText(last.bytes)}` : "-",
    "-",
    "-",
  ];
}

function sizes(layers: readonly Layer[]): string {
  const known = layers.filter(({ bytes }) => bytes !== undefined);
  if (known.length === 0) return "not known before the first build";
  const sum = (of: (layer: Layer) => number | undefined): string =>
    bytesText(known.reduce((total, layer) => total + (of(layer) ?? 0), 0));
  const whose = known.length < layers.length ? " of what is cached" : "";
  return `${sum(({ bytes }) => bytes)} compressed, ${sum((layer) => layer.unpackedBytes)} unpacked${whose}`;
}

/** Layers of the last build took so long; python and node run at once, which is left out of account. */
function estimate(layers: readonly Layer[]): string {
  if (layers.length === 0 || layers.some(({ last }) => last === undefined)) return "";
  return `: some ${Math.ceil(layers.reduce((sum, { last }) => sum + (last?.seconds ?? 0), 0))} s the last time`;
}
