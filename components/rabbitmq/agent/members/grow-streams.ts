import type { Executors } from "../../../../engine/action.ts";

/** Milliseconds a stream: the command waits until the member is there, not until it has copied what lies there. */
const GROW_TIMEOUT = 120_000;

/** Gives streams a member on this machine's broker. Quorum queues RabbitMQ gives theirs itself. */
export const growStreams: Executors["growStreams"] = {
  lock: "rabbitmq",
  describe: ({ streams }) => streams.join(", "),
  async apply({ vhost, streams }, io) {
    for (const stream of streams) {
      const binary = (text: string): string => `<<"${text.replace(/["\\]/g, "\\$&")}"/utf8>>`;
      const added = `rabbit_stream_queue:add_replica(${binary(vhost)}, ${binary(stream)}, node())`;
      // Anything else is an error, by which the command fails.
      const script = `case ${added} of ok -> ok; {ok, _} -> ok end.`;
      await io.run("rabbitmqctl", ["--quiet", "eval", script], { cwd: "/", timeout: GROW_TIMEOUT, signal: io.signal });
    }
  },
};
