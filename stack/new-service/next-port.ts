import type { Definition } from "../definition/schema.ts";

/** Behind those of the default stack's services. */
const usual = 8006;

/** The port behind those of the services that are there. */
export function nextPort(stack: Pick<Definition, "services"> | undefined): number {
  if (stack === undefined) return usual;
  return Math.max(...Object.values(stack.services).map(({ port }) => port)) + 1;
}
