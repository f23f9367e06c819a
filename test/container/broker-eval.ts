import { StackError } from "../../lib/error.ts";
import type { Machine } from "./create-machine.ts";

/**
 * Has the running broker evaluate Erlang expressions; what the last one's value is written as. By
 * erl_call: it takes a moment, where rabbitmqctl takes half a second.
 */
export async function brokerEval(machine: Machine, script: string): Promise<string> {
  const { stdout } = await machine.exec(
    "env",
    ["HOME=/var/lib/rabbitmq", "erl_call", "-sname", "rabbit@localhost", "-e"],
    {
      input: `${script}\n`,
    },
  );
  const value = /^\{ok, (.*)\}$/s.exec(stdout.trim())?.[1];
  if (value === undefined) throw new StackError("broker-eval", stdout);
  return value;
}

/**
 * Takes from the broker its record of which log is whose queue, as a power cut does within half a
 * second of their declaration. By itself it gives these queues new logs at its next start.
 *
 * @param but Ra's name of a queue that keeps its log, as an Erlang atom
 */
export async function loseQueueLogs(machine: Machine, but = "none"): Promise<void> {
  await brokerEval(
    machine,
    `[ok = dets:delete(ra_directory_reverse, Name)
      || {Name, _} <- ra_directory:list_registered(quorum_queues), Name =/= ${but}].`,
  );
}
