import { connect } from "node:net";
import * as z from "zod/mini";
import { isStackError } from "../../../../lib/error.ts";
import type { Run } from "../../../../lib/run.ts";
import { distributionPort } from "../../../../stack/components/rabbitmq/component.ts";
import { brokerName } from "../../../../stack/components/rabbitmq/model.ts";

/** Milliseconds: rabbitmqctl is an Erlang machine of its own; and whether anybody is there at all. */
const ASK_TIMEOUT = 30_000;
const REACH_TIMEOUT = 2_000;

/** What a broker says of the cluster that it is in; one that is in none names itself alone. */
export interface BrokerView {
  readonly members: readonly string[];
  readonly running: readonly string[];
}

const clusterStatus = z.object({ disk_nodes: z.array(z.string()), running_nodes: z.array(z.string()) });

/** Asks another machine's broker, by the brokers' own way; undefined where it doesn't answer, or its application doesn't run. */
export async function askBroker(address: string, run: Run, signal: AbortSignal): Promise<BrokerView | undefined> {
  // rabbitmqctl waits long for a machine that is off.
  if (!(await isReached(address, signal))) return undefined;
  try {
    const args = ["--quiet", "--node", brokerName(address), "--formatter", "json", "cluster_status"];
    const { stdout } = await run("rabbitmqctl", args, { cwd: "/", timeout: ASK_TIMEOUT, signal });
    const { disk_nodes: members, running_nodes: running } = clusterStatus.parse(JSON.parse(stdout));
    return { members, running };
  } catch (error) {
    if (signal.aborted) throw error;
    if (isStackError(error) || error instanceof SyntaxError || error instanceof z.core.$ZodError) return undefined;
    throw error;
  }
}

function isReached(host: string, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const limited = AbortSignal.any([signal, AbortSignal.timeout(REACH_TIMEOUT)]);
    const socket = connect({ host, port: distributionPort, signal: limited });
    const end = (answer: boolean) => (): void => {
      socket.destroy();
      resolve(answer);
    };
    socket.once("connect", end(true)).once("error", end(false));
  });
}
