/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "destroy") return (await import("./destroy-command.ts")).destroyCommand(rest);
  return (await import("./deploy-command.ts")).deployCommand(argv);
}
