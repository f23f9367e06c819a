import { StackError } from "../../../lib/error.ts";

/** What a virtual host holds, as the management API exports it: more fields than are named here. */
export interface HeldTopology {
  readonly queues: readonly HeldQueue[];
  readonly exchanges: readonly { readonly name: string; readonly type: string }[];
  readonly bindings: readonly HeldBinding[];
}

export interface HeldQueue {
  readonly name: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

export interface HeldBinding {
  readonly source: string;
  readonly destination: string;
  readonly destination_type: "queue" | "exchange";
  readonly routing_key: string;
  readonly arguments: Readonly<Record<string, unknown>>;
}

/** A binding that leads every message of an exchange, or of one key of it, to a queue. */
export interface Route {
  readonly exchange: string;
  readonly key: string;
  readonly settings: Readonly<Record<string, unknown>>;
}

export function ownBindings({ bindings }: HeldTopology, exchange: string): readonly HeldBinding[] {
  return bindings.filter(({ source }) => source === exchange);
}

/**
 * How a message gets by its own exchange and key into its queue.
 *
 * @throws StackError `exchange-not-known` where the exchange has gone, or is of a plugin's type
 */
export function routesTo(
  { exchanges }: Pick<HeldTopology, "exchanges">,
  { exchange, key, queue }: { readonly exchange: string; readonly key: string; readonly queue: string },
): Route {
  const type = exchanges.find(({ name }) => name === exchange)?.type ?? builtIn[exchange];
  switch (type) {
    case "topic":
      return { exchange, key: "#", settings: {} };
    case "fanout":
      return { exchange, key: "", settings: {} };
    case "direct":
      return { exchange, key, settings: {} };
    case "headers":
      return { exchange, key: "", settings: { "x-match": "all" } };
    default: {
      const what = type === undefined ? "is not there any more" : `is of the type ${type}`;
      throw new StackError(
        "exchange-not-known",
        `a message in ${queue} came by the exchange ${exchange}, which ${what}`,
        {
          hint: "have its consumer work the queue off, then replace again",
        },
      );
    }
  }
}

/** Exchanges that each virtual host has, and no export names. */
const builtIn: Readonly<Record<string, string>> = {
  "amq.direct": "direct",
  "amq.fanout": "fanout",
  "amq.topic": "topic",
  "amq.headers": "headers",
  "amq.match": "headers",
};
