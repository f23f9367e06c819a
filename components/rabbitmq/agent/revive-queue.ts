import type { Executors } from "../../../engine/action.ts";
import { asideName, setAsideLock, tellSetAside } from "../../../engine/state/set-aside.ts";
import { evaluate } from "./evaluate.ts";

const REVIVE_TIMEOUT = 60_000;
const quorum = "/var/lib/rabbitmq/mnesia/rabbit@localhost/quorum";

/**
 * Gives a quorum queue whose member can't start another member, with an empty log. Where only the
 * file is damaged that says whose its log is, it is written anew, and the queue is given that log
 * back when it is led; else the log is set aside, where nobody takes it for the queue's.
 */
export const reviveQueue: Executors["reviveQueue"] = {
  lock: setAsideLock,
  describe: ({ member, folder }) => `${member}, its log ${folder}`,
  async apply({ member, folder, damaged }, io) {
    const log = `${quorum}/rabbit@localhost/${folder}`;
    const isConfig = damaged === "config";
    const from = isConfig ? `${log}/config` : log;
    const aside = await asideName(isConfig ? from : `${quorum}/${folder}`);
    const lost = isConfig ? "nothing: it is written anew" : `what was in the queue ${member}`;
    await tellSetAside(from, aside, lost, io);
    const script = reviveScript(member, folder, isConfig, aside);
    await evaluate(io.run, script, { timeout: REVIVE_TIMEOUT, signal: io.signal });
  },
};

/**
 * For the broker to evaluate. A queue without a registered member gets a new one when it is
 * recovered, as at a broker's start. Ra 2.2 unregisters those only that run.
 * (Read in rabbit 3.10.8 and 4.0.5, rabbit_quorum_queue:recover.)
 */
function reviveScript(member: string, folder: string, isConfig: boolean, aside: string): string {
  const rename = (from: string): string =>
    `case file:rename(${from}, "${aside}") of ok -> ok; {error, enoent} -> ok end`;
  return `
    System = quorum_queues, Name = ${member}, Old = <<"${folder}">>,
    #{data_dir := Folder, names := #{directory_rev := Record}} = ra_system:fetch(System),
    case whereis(Name) of
      undefined ->
        [Queue] = [Queue || Queue <- rabbit_amqqueue:list_by_type(rabbit_quorum_queue),
          {Each, _} <- [amqqueue:get_pid(Queue)], Each =:= Name],
        catch ra:stop_server(System, {Name, node()}),
        ra_directory:unregister_name(System, Old),
        ok = dets:delete(Record, Name),
        {resource, Vhost, queue, _} = amqqueue:get_name(Queue),
        rabbit_quorum_queue:recover(Vhost, [Queue]),
        New = ra_directory:uid_of(System, Name),
        ok = dets:sync(Record),
        ${isConfig ? `${rename('filename:join([Folder, Old, "config"])')}, ${configAnew}` : rename("filename:join(Folder, Old)")};
      _ -> ok
    end.`;
}

/** What a new member says of its queue, but for its log's name. */
const configAnew = `
        {ok, #{log_init_args := Args} = Config} = ra_log:read_config(filename:join(Folder, New)),
        Own = Config#{log_init_args := Args#{uid => Old}},
        Whole = case Own of #{uid := _} -> Own#{uid := Old}; _ -> Own end,
        ok = file:write_file(filename:join([Folder, Old, "config"]), io_lib:format("~p.", [Whole]))`;
