import { healthGroups, machineComponents, provisionComponent } from "../../health-groups.ts";
import { logNames } from "../../log-sources.ts";
import type { BareModel } from "../../model.ts";
import { backup } from "../backup/component.ts";
import type { AnyComponent } from "../component.ts";
import { formOf } from "../form-of.ts";
import { dependencies } from "../index.ts";
import { type DependencyName, dependencyNames } from "../names.ts";
import {
  type ArgumentSpec,
  agentCommands,
  agentExamples,
  agentExitCodes,
  agentFiles,
  agentGroups,
  agentSummary,
  type CommandSpec,
} from "./commands.ts";
import { healthToken } from "./health-token.ts";
import { rootJobSchedule, rootJobsOf } from "./root-jobs.ts";

const commands: readonly (readonly [string, CommandSpec])[] = Object.entries(agentCommands);

/** What stack-agent(1) says: every text as roff's own. */
export function manualData() {
  const pair = ([term, text]: readonly [string, string]) => ({ term: roff(term), text: roff(text) });
  return {
    summary: roff(agentSummary),
    commands: commands.map(([name, spec]) => ({
      synopsis: roff(
        ["stack-agent", name, ...flagsOf(spec), ...argumentsOf(spec).map(({ name }) => name)].join(" ").trim(),
      ),
      name: roff(name),
      help: roff(sentence(spec.help)),
      options: [
        ...argumentsOf(spec).map((argument) => pair([argument.name, sentence(argument.help)])),
        ...spec.options.map(({ flags, help, initial }) =>
          pair([flags, sentence(initial === undefined ? help : `${help}; default ${initial}`)]),
        ),
      ],
      notes: spec.notes.map(roff),
    })),
    examples: [...agentExamples, ...commands.flatMap(([, { examples }]) => examples)]
      .filter((one, index, all) => all.findIndex(({ command }) => command === one.command) === index)
      .map(({ command, help }) => pair([command, sentence(help)])),
    files: agentFiles.map(([path, what]) => pair([path, sentence(what)])),
    exitCodes: agentExitCodes.map(([code, meaning]) => pair([code, sentence(meaning)])),
  };
}

/** What bash completion of stack-agent offers: words separated by blanks. */
export function completionData(stack: NamedParts) {
  return {
    commands: [...new Set(commands.map(([name]) => name.replace(/ .*/, ""))), "help"].join(" "),
    groups: Object.keys(agentGroups).map((group) => ({
      name: group,
      words: commands
        .flatMap(([name]) => (name.startsWith(`${group} `) ? [name.slice(group.length + 1)] : []))
        .join(" "),
    })),
    options: commands.map(([name, { options, ...spec }]) => ({
      name,
      words: [...options.map(({ flags }) => flagOf(flags)), "--help"].join(" "),
      // One after the other; what isn't named is a file. After the last there is none.
      arguments: argumentsOf(spec).map(({ name: argument, names: named }) => ({
        several: argument.includes("..."),
        words: named === undefined ? "" : wordsOf(named, stack).join(" "),
        files: named === undefined,
      })),
    })),
    values: commands.flatMap(([name, { options }]) =>
      options
        .filter(({ flags }) => flags.includes("<"))
        .map(({ flags, values }) => ({
          name,
          // As case takes alternatives.
          flag: flags.replace(/ <.*/, "").replace(", ", `|'${name}':`),
          words: typeof values === "object" ? values.join(" ") : "",
        })),
    ),
  };
}

type NamedParts = BareModel;

type Named = Exclude<NonNullable<ArgumentSpec["names"]>, readonly string[]>;

function wordsOf(named: NonNullable<ArgumentSpec["names"]>, stack: NamedParts): readonly string[] {
  return typeof named === "string" ? names[named](stack) : named;
}

function argumentsOf({ arguments: all = [] }: Pick<CommandSpec, "arguments">): readonly ArgumentSpec[] {
  return all;
}

/** The names that a command's argument may have in this stack. */
const names: Readonly<Record<Named, (stack: NamedParts) => readonly string[]>> = {
  health: (stack) => [
    provisionComponent,
    ...dependencyNames.filter((name) => stack[name] !== undefined),
    ...stack.services.map(({ name }) => name),
    ...machineComponents.filter((name) => (name !== "backup" && name !== "metrics") || stack[name] !== undefined),
    ...healthGroups,
  ],
  jobs: (stack) => [
    ...presentIn(stack).flatMap((part) => part.jobs ?? []),
    ...rootJobsOf(stack.definition).filter((name) => rootJobSchedule(name, stack.definition) !== undefined),
    ...stack.jobs.map(({ name }) => name),
  ],
  rootJobs: ({ definition }) => rootJobsOf(definition),
  logs: logNames,
  secrets: (stack) => [...givenNames(stack), ...madeNames(stack)],
  givenSecrets: givenNames,
  madeSecrets: madeNames,
  services: ({ services }) => services.map(({ name }) => name),
};

function givenNames({ givenSecrets }: NamedParts): readonly string[] {
  return givenSecrets.map(({ name }) => name);
}

function madeNames(stack: NamedParts): readonly string[] {
  const ofBackup = stack.backup === undefined ? [] : (backup.secrets?.(stack) ?? []);
  const ofParts = presentIn(stack).flatMap((part) => part.secrets?.(stack) ?? []);
  return [healthToken, ...ofParts, ...ofBackup].map(({ name }) => name);
}

function presentIn({ definition }: NamedParts): readonly AnyComponent[] {
  const parts: readonly AnyComponent[] = dependencies;
  return parts.flatMap((part) => {
    const section = definition[part.name as DependencyName];
    return section === undefined ? [] : [formOf(part, section, definition.cluster)];
  });
}

function flagsOf({ options }: CommandSpec): readonly string[] {
  return options.map(({ flags }) => `[${flags}]`);
}

function flagOf(flags: string): string {
  return /--[\w-]+/.exec(flags)?.[0] ?? flags;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`.replace(/\.\.$/, ".");
}

/** A text that roff prints as it is: no escape, no request, and hyphens that can be copied. */
function roff(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replace(/^\./, "\\&.");
}
