import { stringify } from "yaml";
import type { Definition } from "../definition/schema.ts";
import { moduleName } from "./module-name.ts";

/** A service's section of a stack.yaml, as far as it isn't the default. */
export interface ServiceSection {
  readonly port: number;
  readonly source: string;
  readonly module: string;
  readonly needs: readonly ("postgres" | "rabbitmq")[];
  readonly bindings?: readonly string[];
}

/** What a new service needs: the event store, and its queue where the stack has RabbitMQ. */
export function serviceSection(
  name: string,
  port: number,
  stack: Pick<Definition, "rabbitmq"> | undefined,
): ServiceSection {
  const consumes = stack === undefined || stack.rabbitmq !== undefined;
  return {
    port,
    source: `services/${name}`,
    module: moduleName(name),
    needs: consumes ? ["postgres", "rabbitmq"] : ["postgres"],
    // What is published with such a routing key comes into its queue.
    ...(consumes && { bindings: [`${name}.*`] }),
  };
}

/** The section as it stands in a file. */
export function sectionLines(name: string, section: ServiceSection, indent = "  "): string {
  const text = stringify({ [name]: section }, { collectionStyle: "any", flowCollectionPadding: false });
  const flat = text.replace(/:\n((?: +- .*\n)+)/g, (_, items: string) => {
    const values = [...items.matchAll(/- (.*)\n/g)].map(([, value = ""]) => value);
    return `: [${values.join(", ")}]\n`;
  });
  return flat.replace(/^(?=.)/gm, indent);
}
