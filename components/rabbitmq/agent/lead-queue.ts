import type { Executors } from "../../../engine/action.ts";
import { evaluate } from "./evaluate.ts";
import type { LeaderlessQueue } from "./look-at-queues.ts";

const LEAD_TIMEOUT = 60_000;

/** Gives a quorum queue its log back, if it had one, and a leader. A power cut in the middle does no harm. */
export const leadQueue: Executors["leadQueue"] = {
  lock: "rabbitmq",
  describe: ({ member, log }) => `${member}${log === undefined ? "" : `, its log ${log}`}`,
  async apply(queue, io) {
    await evaluate(io.run, script(queue), { timeout: LEAD_TIMEOUT, signal: io.signal });
  },
};

/**
 * For the broker to evaluate. A queue that has a leader by now is left alone, but for one
 * that was declared anew; a member that gets
 * a log with entries is led by itself, being the only one. Ra's record of whose log is where is on
 * disk before the empty one is deleted.
 */
function script({ member, empty, log, led }: LeaderlessQueue): string {
  return `
    System = quorum_queues, Name = ${member}, Member = {Name, node()}, Empty = <<"${empty}">>,
    #{data_dir := Folder, names := #{directory_rev := Record}} = ra_system:fetch(System),
    case ets:lookup(ra_state, Name) of
      [State] when element(2, State) =:= leader, ${led !== true} -> led;
      _ ->
        ${log === undefined ? "" : exchange(log, led === true)}
        ra:trigger_election(Member),
        {ok, _, _} = ra:members(Member, 10000)
    end,
    case ra_directory:uid_of(System, Name) of
      Empty -> ok;
      _ -> ok = dets:sync(Record), ok = file:del_dir_r(filename:join(Folder, Empty))
    end.`;
}

/** Ra 2.2 leaves a queue's name with its old log when it is declared anew, and stops by name. */
function exchange(log: string, isDeclaredAnew: boolean): string {
  return `
        ${isDeclaredAnew ? "ok = dets:insert(Record, {Name, Empty})," : ""}
        ok = ra:stop_server(System, Member),
        ra_directory:unregister_name(System, Empty),
        ok = ra_directory:register_name(System, <<"${log}">>, undefined, undefined, Name, Name),
        ok = ra:restart_server(System, Member),`;
}
