/** What a client inside a network namespace can be asked: one operation, its arguments, its answer. */
export interface ClientOps {
  /** One query on a connection that is kept for the next one. Errors carry PostgreSQL's SQLSTATE as code. */
  pg: {
    args: PgLogin & Deadline & { readonly text: string; readonly values?: readonly unknown[] };
    result: { readonly rows: readonly Record<string, unknown>[]; readonly rowCount: number | null };
  };
  /** How many of `count` connections open at once are accepted; they are all closed again. */
  pgConnections: {
    args: PgLogin & Deadline & { readonly count: number };
    result: { readonly accepted: number; readonly errors: readonly string[] };
  };
  /** One command on one node, as it stands; a MOVED answer is an error. */
  redis: {
    args: RedisLogin & Deadline & { readonly port: number; readonly command: readonly (string | number)[] };
    result: unknown;
  };
  /** One command through a cluster client, which follows redirections. */
  redisCluster: {
    args: RedisLogin & Deadline & { readonly ports: readonly number[]; readonly command: readonly string[] };
    result: unknown;
  };
  /** Publishes mandatorily and persistently, and waits for the broker's confirmation. Unroutable is an error. */
  amqpPublish: {
    args: AmqpLogin & Deadline & { readonly exchange: string; readonly routingKey: string; readonly body: string };
    result: null;
  };
  /** Consumes until `count` messages came or the time is up, and settles each of them. */
  amqpConsume: {
    args: AmqpLogin &
      Deadline & {
        readonly queue: string;
        readonly count: number;
        readonly settle: Settle;
        /** Where a stream is read from. */
        readonly offset?: "first" | "next";
      };
    result: readonly AmqpMessage[];
  };
  /** Takes one message if there is one. */
  amqpGet: {
    args: AmqpLogin & Deadline & { readonly queue: string; readonly settle: Settle };
    result: AmqpMessage | null;
  };
  /** A queue's length; one that isn't there is an error with code 404. */
  /** An operation that the broker refuses; its words, or the connection's end. */
  amqpMisuse: {
    args: AmqpLogin &
      Deadline & {
        /** A property that is none, an exchange that is not there, bytes that are no frame. */
        readonly how: "expiration" | "user" | "exchange" | "frame";
        readonly exchange: string;
        readonly value: string;
      };
    result: string;
  };
  amqpQueue: {
    args: AmqpLogin & Deadline & { readonly queue: string };
    result: { readonly messages: number; readonly consumers: number };
  };
  http: {
    args: Deadline & {
      readonly url: string;
      readonly method?: string;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    };
    result: { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string };
  };
  /** `silent`: nothing answered within the deadline, as behind a packet filter. */
  tcp: {
    args: Deadline & { readonly host: string; readonly port: number };
    result: "open" | "refused" | "unreachable" | "silent";
  };
}

export type ClientOp = keyof ClientOps;

export interface Deadline {
  /** Milliseconds until the operation fails with code `timeout`. Default 10 000. */
  readonly timeout?: number;
}

export interface PgLogin {
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
}

export interface RedisLogin {
  readonly password?: string;
}

export interface AmqpLogin {
  readonly port?: number;
  readonly user: string;
  readonly password: string;
  readonly vhost: string;
}

/** `crash`: the connection is gone, and nothing was said of the message. */
export type Settle = "ack" | "reject" | "requeue" | "crash";

export interface AmqpMessage {
  readonly body: string;
  readonly exchange: string;
  readonly routingKey: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly persistent: boolean;
}

/** One line from the test to its client, and one back. */
export type Request = {
  readonly [K in ClientOp]: { readonly id: number; readonly op: K; readonly args: ClientOps[K]["args"] };
}[ClientOp];
export type Response =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly code: string; readonly message: string } };
