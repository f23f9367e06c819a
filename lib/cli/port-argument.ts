import { InvalidArgumentError } from "commander";

/** An option's value: a port that a service may have. */
export function portArgument(text: string): number {
  const port = Number(text);
  if (Number.isInteger(port) && port >= 1024 && port <= 65535) return port;
  throw new InvalidArgumentError("must be a port, 1024 to 65535.");
}
