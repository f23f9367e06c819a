%% What makes the broker of this stack ready sooner. Its unit has Erlang evaluate this file just before
%% it starts RabbitMQ; what fails here only makes the start as slow as it was.

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
