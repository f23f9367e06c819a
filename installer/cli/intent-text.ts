import { columns } from "../../lib/cli/text.ts";
import type { Intent } from "../flow/deploy.ts";
import type { Step } from "../flow/plan.ts";
import { createParameters } from "../wanted/create-parameters.ts";
import type { Wanted } from "../wanted/wanted.ts";

const words: Readonly<Record<Step, (wanted: Wanted) => string>> = {
  upload: ({ template, settings }) => `send ${template.file} to storage ${settings.templateStorage}`,
  create: ({ vmid }) => `create container ${vmid}`,
  adopt: ({ vmid }) => `wait for container ${vmid}, which is being created already`,
  start: ({ vmid }) => `start container ${vmid}`,
  wait: () => "wait until all of the stack works",
};

/** What would be done, as a person reads it. */
export function intentText({ facts, verdict, steps }: Intent, wanted: Wanted): string {
  const said = (word: string, list: typeof verdict.refusals): string[] =>
    list.flatMap(({ code, message, fix }) => [`${word}: ${message} [${code}]`, `  ${fix}`]);
  const made = steps.includes("create") ? Object.entries(createParameters(wanted)) : [];
  return [
    `node ${facts.node}, Proxmox VE ${facts.version}, container ${wanted.vmid}`,
    ...said("refused", verdict.refusals),
    ...said("warning", verdict.warnings),
    ...steps.map((step, index) => `${index + 1}. ${words[step](wanted)}`),
    ...(made.length === 0 ? [] : ["with:", columns(made.map(([key, value]) => [`  ${key}`, text(value)])).trimEnd()]),
    "nothing was changed",
    "",
  ].join("\n");
}

/** The same for programs. */
export function intentDocument({ facts, verdict, steps }: Intent, wanted: Wanted) {
  return {
    schemaVersion: 1,
    ...{ node: facts.node, version: facts.version, vmid: wanted.vmid, template: wanted.template.file },
    ...verdict,
    steps,
    ...(steps.includes("create") && { create: createParameters(wanted) }),
  };
}

function text(value: unknown): string {
  if (typeof value === "boolean") return value ? "1" : "0";
  return String(value).replaceAll("\n", " ");
}
