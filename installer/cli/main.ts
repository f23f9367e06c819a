/** @returns the exit code */
export async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === "destroy") return (await import("./destroy-command.ts")).destroyCommand(rest);
  if (name === "service") return (await import("./service-command.ts")).serviceCommand(rest);
  if (name === "upgrade") return (await import("./upgrade-command.ts")).upgradeCommand(rest);
  if (name === "replace") return (await import("./replace-command.ts")).replaceCommand(rest);
  return (await import("./deploy-command.ts")).deployCommand(argv);
}
