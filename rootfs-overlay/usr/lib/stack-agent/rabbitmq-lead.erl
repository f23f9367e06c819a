%% What makes a broker that is alone lead its queues sooner. Its unit has Erlang evaluate this file just before it
%% starts RabbitMQ; what fails here leaves the start as it was. One of several brokers has no such file.

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
