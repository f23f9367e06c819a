import { buildCommand } from "./build-command.ts";
import { commands } from "./commands.ts";

/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  const command = commands.find((one) => one.name === name);
  return command === undefined ? buildCommand(argv) : (await command.load())(rest);
}
