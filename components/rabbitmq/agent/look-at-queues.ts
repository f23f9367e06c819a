import type { Run } from "../../../lib/run.ts";
import { evaluate } from "./evaluate.ts";

/*
 * Each quorum queue has a folder of its own, its log's; `config` there names the queue. Which
 * folder is whose, Ra remembers in names.dets, which it writes half a second later: a broker
 * killed before that has a queue without a log when it starts. It makes the queue a new one then;
 * the old log is still there. rabbitmq-start.erl writes the record anew before; a queue that is
 * declared anew, its metadata being lost, has a new log all the same. A member whose log is empty waits for ever to be told of a leader.
 * One that has a log, and is the only one, leads itself within a second of its start.
 * (Read in ra 2.2.0 and 2.14.0: ra_directory, ra_log_meta, ra_server_proc:follower; and in
 * rabbit 3.10.8 and 4.0.5: rabbit_quorum_queue:recover.)
 */

/**
 * `ended`: all its quorum queues have, as they do when their log can't be written; or, RabbitMQ 4,
 * its database has: it refuses everybody then. Only a start brings them back.
 */
export type QueueFacts =
  | "ended"
  | {
      readonly leaderless: readonly LeaderlessQueue[];
      /** How many streams are declared and not there: without their coordinator none is. */
      readonly absentStreams: number;
    };

/** A queue without a leader, whose log is empty or can't be read, so that it never has one by itself; or led without its log. */
export interface LeaderlessQueue {
  /** Ra's name of it, VHOST_QUEUE, as an Erlang atom: '/stock-analysis_frontend'. */
  readonly member: string;
  /** The folder of its empty log. */
  readonly empty: string;
  /** The folder of the log it had before: the newest that was led and has entries. */
  readonly log: string | undefined;
  /** Its member is not there at all, because of this file of its log, whose folder `empty` is then. */
  readonly damaged?: "config" | "log";
  /** It was declared anew, and is led, without a message in it; the log it had before is there. */
  readonly led?: true;
}

const LOOK_TIMEOUT = 10_000;

/**
 * For the broker to evaluate. First Ra writes its records, as it would within a second: a stage
 * that is done has its queues on disk, and the streams' coordinator. A queue without a leader is
 * looked at twice, half a second apart: one that is just being declared is led a moment later.
 *
 * Ra keeps in ra_state what its members are; the index of their last entry is among their
 * metrics, in ra 2.2 the sixth in a table, by the member's name or the queue's. A log's term is
 * more than 0 once it was led; its entries are in its folder once the broker has started again.
 */
const script = `
  System = quorum_queues,
  [case ra_system:fetch(Each) of
     #{names := #{directory_rev := Record}} -> catch dets:sync(Record);
     undefined -> ok
   end || Each <- [System, coordination]],
  Queues = fun () ->
    [{Name, amqqueue:get_name(Queue)}
     || Queue <- rabbit_amqqueue:list_by_type(rabbit_quorum_queue), {Name, _} <- [amqqueue:get_pid(Queue)]]
  end,
  HaveEnded = fun () ->
    try Queues() of
      [] -> false;
      All -> lists:all(fun ({Name, _}) -> whereis(Name) =:= undefined end, All)
    catch exit:{aborted, {no_exists, _}} -> true
    end
  end,
  IsEmpty = fun (Name, Queue) ->
    Indexes = case erlang:function_exported(ra, key_metrics, 1) of
      true -> [maps:get(last_index, ra:key_metrics({Name, node()}), unknown)];
      false -> [element(6, Each) || Key <- [Name, Queue], Each <- ets:lookup(ra_metrics, Key)]
    end,
    lists:usort(Indexes) =:= [0]
  end,
  Leaderless = fun () ->
    [Name || {Name, Queue} <- Queues(), whereis(Name) =/= undefined, State <- ets:lookup(ra_state, Name),
             element(2, State) =/= leader, IsEmpty(Name, Queue)]
  end,
  Absent = fun () -> [Name || {Name, _} <- Queues(), whereis(Name) =:= undefined] end,
  AbsentStreams = fun () ->
    length([Stream || Stream <- rabbit_amqqueue:list_by_type(rabbit_stream_queue),
                      element(1, rabbit_amqqueue:lookup(amqqueue:get_name(Stream))) =/= ok])
  end,
  Twice = fun (Look, Nothing) ->
    case Look() of
      Nothing -> Nothing;
      _ -> timer:sleep(500), Look()
    end
  end,
  LogOf = fun (Name, Empty) ->
    #{data_dir := Folder, names := #{log_meta := Terms}} = ra_system:fetch(System),
    Files = fun (Pattern) -> filelib:wildcard(Pattern, Folder) end,
    Logs = [{Files(Log ++ "/*.segment") ++ Files(Log ++ "/snapshot*/*") =/= [], Created, Uid}
            || Config <- Files("*/config"), Log <- [filename:dirname(Config)], Uid <- [list_to_binary(Log)],
               {ok, #{cluster_name := Owner, machine := {module, _, #{created := Created}}}}
                 <- [ra_log:read_config(filename:join(Folder, Log))],
               Owner =:= Name, Uid =/= Empty, ra_log_meta:fetch(Terms, Uid, current_term, 0) > 0],
    case Logs of
      [] -> null;
      _ -> element(3, lists:max(Logs))
    end
  end,
  Replaced = fun () ->
    #{data_dir := Folder, names := #{directory := Directory}} = ra_system:fetch(System),
    Running = [{element(4, Each), element(1, Each)} || Each <- ets:tab2list(Directory)],
    Logs = [list_to_binary(filename:dirname(Config)) || Config <- filelib:wildcard("*/config", Folder)],
    case Logs -- [Log || {_, Log} <- Running] of
      [] -> [];
      _ ->
        [{Name, Own, Log} || Queue <- rabbit_amqqueue:list_by_type(rabbit_quorum_queue),
          {Name, _} <- [amqqueue:get_pid(Queue)], {ok, 0, _} <- [catch rabbit_quorum_queue:stat(Queue)],
          {Each, Own} <- Running, Each =:= Name, Log <- [LogOf(Name, Own)], is_binary(Log)]
    end
  end,
  io:put_chars(rabbit_json:encode(
    case Twice(HaveEnded, false) of
      true -> <<"ended">>;
      false ->
        Led = [begin
           Empty = ra_directory:uid_of(System, Name),
           #{member => iolist_to_binary(io_lib:format("~w", [Name])), empty => Empty, log => LogOf(Name, Empty)}
         end || Name <- Twice(Leaderless, [])],
        Gone = [begin
           Log = ra_directory:uid_of(System, Name),
           #{data_dir := Folder} = ra_system:fetch(System),
           Damaged = case catch ra_log:read_config(filename:join(Folder, Log)) of
             {ok, #{}} -> log;
             _ -> config
           end,
           #{member => iolist_to_binary(io_lib:format("~w", [Name])), empty => Log, log => null, damaged => Damaged}
         end || Name <- Twice(Absent, []), is_binary(ra_directory:uid_of(System, Name))],
        Anew = [#{member => iolist_to_binary(io_lib:format("~w", [Name])), log => Log, empty => Own, led => true}
                || Led =:= [], Gone =:= [], {Name, Own, Log} <- Twice(Replaced, [])],
        #{leaderless => Led ++ Gone ++ Anew, absentStreams => Twice(AbsentStreams, 0)}
    end)),
  ok.`;

/** @throws StackError as `evaluate` does */
export async function lookAtQueues(run: Run, signal: AbortSignal): Promise<QueueFacts> {
  const answer: Told = JSON.parse(await evaluate(run, script, { timeout: LOOK_TIMEOUT, signal }));
  if (answer === "ended") return answer;
  const leaderless = answer.leaderless.map((queue) => ({ ...queue, log: queue.log ?? undefined }));
  return { ...answer, leaderless };
}

type Told =
  | "ended"
  | {
      readonly leaderless: readonly (Omit<LeaderlessQueue, "log"> & { readonly log: string | null })[];
      readonly absentStreams: number;
    };
