import type { Executors } from "../../../engine/action.ts";
import { evaluate } from "./evaluate.ts";

const RECOVER_TIMEOUT = 60_000;

/**
 * Gives the broker's streams their coordinator back, if it was lost; without one they are not
 * there. Where its log is gone, a new one is told of them.
 */
export const recoverStreams: Executors["recoverStreams"] = {
  lock: "rabbitmq",
  describe: () => "",
  async apply(_, io) {
    await evaluate(io.run, script, { timeout: RECOVER_TIMEOUT, signal: io.signal });
  },
};

/**
 * For the broker to evaluate. Which streams there are, and where, only their coordinator knows. Ra
 * writes which log is the coordinator's half a second after the first stream was declared: a
 * broker killed before that starts without it, and doesn't miss it. The log is still there.
 * Streams that are there again are waited for, ten seconds at most. A coordinator without that log
 * knows of none: each stream's messages are in its own folder still, and it is led from there.
 * (Read in rabbit 4.0.5, rabbit_stream_coordinator:recover and new_stream; seen with a broker killed 0.3 s after.)
 */
const script = `
  System = coordination, Name = rabbit_stream_coordinator, Member = {Name, node()},
  #{data_dir := Folder, names := #{directory_rev := Record}} = ra_system:fetch(System),
  Logs = [list_to_binary(filename:dirname(Path)) || Path <- filelib:wildcard("*/config", Folder),
    {ok, #{cluster_name := Owner}} <- [ra_log:read_config(filename:join(Folder, filename:dirname(Path)))],
    Owner =:= Name],
  Streams = rabbit_amqqueue:list_by_type(rabbit_stream_queue),
  Absent = fun () ->
    [Stream || Stream <- Streams, element(1, rabbit_amqqueue:lookup(amqqueue:get_name(Stream))) =/= ok]
  end,
  Await = fun
    Await(0) -> ok;
    Await(Left) ->
      case Absent() of
        [] -> ok;
        _ -> timer:sleep(100), Await(Left - 1)
      end
  end,
  Tell = fun () ->
    [catch rabbit_stream_coordinator:new_stream(Stream, node()) || Stream <- Absent()],
    Await(100)
  end,
  case {ra_directory:uid_of(System, Name), Logs} of
    {undefined, [Log]} ->
      ok = ra_directory:register_name(System, Log, undefined, undefined, Name, Name),
      ok = ra:restart_server(System, Member),
      ra:trigger_election(Member),
      {ok, _, _} = ra:members(Member, 10000),
      ok = dets:sync(Record),
      Await(100),
      Tell();
    {undefined, []} -> Tell();
    _ ->
      Await(20),
      Tell()
  end.`;
