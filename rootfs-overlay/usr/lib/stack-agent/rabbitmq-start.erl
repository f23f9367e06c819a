%% What gives the broker of this stack its logs back, and makes it ready sooner. Its unit has Erlang evaluate
%% this file just before it starts RabbitMQ; what fails here leaves the start as it was.

%% Which log is whose, Ra reads in names.dets, which it writes half a second after a queue's declaration.
%% A log that isn't named there it takes for nobody's, and drops its entries from the write-ahead log. Each
%% log's own folder says whose it is as well: where a name is missing, its newest log gets it back.
[catch begin
   Folder = filename:join(["/var/lib/rabbitmq/mnesia/rabbit@localhost", System, "rabbit@localhost"]),
   Made = fun(#{machine := {module, _, #{created := Created}}}) -> Created; (_) -> 0 end,
   Logs = [{map_get(cluster_name, Config), Made(Config), list_to_binary(filename:dirname(Path))}
           || Path <- filelib:wildcard("*/config", Folder),
              {ok, [Config]} <- [file:consult(filename:join(Folder, Path))], is_map_key(cluster_name, Config)],
   [_ | _] = Logs,
   {ok, Names} = dets:open_file(make_ref(), [{file, filename:join(Folder, "names.dets")}]),
   Unnamed = [Log || {Name, _, _} = Log <- Logs, dets:lookup(Names, Name) =:= []],
   [ok = dets:insert(Names, {Name, Log}) || {Name, _, Log} <- lists:sort(Unnamed)],
   ok = dets:close(Names)
 end || System <- ["quorum", "coordination"]].

%% RabbitMQ asks each of its modules for feature flags, and so loads all of them, one after the other,
%% while all else waits. Here they are loaded beside what comes before that: 0.3 s.
spawn(fun() ->
  [code:ensure_loaded(list_to_atom(filename:basename(File, ".beam")))
   || App <- [rabbit_common, rabbit, rabbitmq_web_dispatch, rabbitmq_management_agent, rabbitmq_management],
      Folder <- [code:lib_dir(App)], is_list(Folder),
      File <- filelib:wildcard("ebin/*.beam", Folder)]
end).

%% After a start a member of a Ra cluster waits 0.1 to 0.6 s to hear of a leader before it stands for
%% election (ra 2.14, ra_server_proc: election_timeout_action): first the one of the metadata store, while
%% all else waits, then each quorum queue's. This broker is alone, and no leader elsewhere: they stand at once.
%% Not one whose log is empty: it never stands by itself, for it may have had another log, which the
%% agent gives back to it before it is led.
spawn(fun() ->
  Stand = fun(Member) ->
    case ra:key_metrics(Member) of
      #{state := follower, last_index := Last} when Last > 0 -> ra:trigger_election(Member, 1000);
      _ -> no
    end
  end,
  Followers = fun() -> [{element(1, Each), node()} || Each <- ets:tab2list(ra_state), element(2, Each) =:= follower] end,
  Look = fun
    Look(0) -> ok;
    Look(Left) ->
      IsReady = (catch rabbit_boot_state:get()) =:= ready,
      catch [catch Stand(Member) || nodes() =:= [], Member <- Followers()],
      case IsReady of
        true -> ok;
        false -> timer:sleep(10), Look(Left - 1)
      end
  end,
  Look(6000)
end).
