import { type Command, InvalidArgumentError, Option } from "commander";
import { portArgument } from "../../lib/cli/port-argument.ts";
import {
  type AgentCommand,
  agentCommands,
  agentGroups,
  type CommandSpec,
} from "../../stack/components/agent/commands.ts";
import { exampleLines } from "./example-lines.ts";

/** The command as the table has it; what it does is still to be said. */
export function commandOf(root: Command, name: AgentCommand): Command {
  const spec: CommandSpec = agentCommands[name];
  const [first = name, second] = name.split(" ");
  const [parent, word] = second === undefined ? [root, first] : [groupOf(root, first), second];
  const command = parent.command(word).description(spec.help);
  for (const { name: argument, help } of spec.arguments ?? []) command.argument(argument, help);
  for (const { flags, help, initial, values } of spec.options) {
    const option = new Option(flags, help);
    if (values === "seconds") option.argParser(seconds);
    if (values === "port") option.argParser(portArgument);
    if (initial !== undefined) option.default(initial);
    command.addOption(option);
  }
  const notes = spec.notes.flatMap((note) => ["", note]);
  return command.addHelpText("after", [...notes, ...exampleLines(spec.examples)].join("\n"));
}

/** What commands of two words are under. Alone it is not a command: it tells of those. */
function groupOf(root: Command, name: string): Command {
  const known = root.commands.find((command) => command.name() === name);
  if (known !== undefined) return known;
  const groups: Readonly<Record<string, string>> = agentGroups;
  return root.command(name).description(groups[name] ?? "");
}

function seconds(text: string): number {
  const value = Number(text);
  if (value > 0 && value <= 86_400) return value;
  throw new InvalidArgumentError("must be seconds, more than 0 and at most 86400.");
}
