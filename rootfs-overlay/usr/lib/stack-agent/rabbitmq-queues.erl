%% Erlang expressions, run by the broker's VM before RabbitMQ begins: once it runs, every quorum queue
%% of this node that a power cut left without its log gets it back, and a leader.
%%
%% Which log is whose, Ra writes half a second after a queue was declared (names.dets, auto_save). A
%% broker killed before that gives the queue a new log at its next start; and a member whose log is
%% empty waits for ever to be told of a leader. Where a name is on record already, a new log is not
%% recorded: the next start would take the old one. (Read in ra 2.2.0, ra_directory and
%% ra_server_proc, and rabbit 3.10.8, rabbit_quorum_queue:recover.)

System = quorum_queues.

Await = fun
    Await(0) ->
        exit(normal);
    Await(Tries) ->
        case catch rabbit:is_running() of
            true -> ok;
            _ -> timer:sleep(200), Await(Tries - 1)
        end
end.

%% The folders of a queue's logs, the newest first: their names are the logs' ids.
Logs = fun(Name, Folder) ->
    Found = [
        {maps:get(created, element(3, maps:get(machine, Config)), 0), list_to_binary(Log)}
     || File <- filelib:wildcard("*/config", Folder),
        [Log, _] <- [filename:split(File)],
        {ok, [#{id := {Of, _}} = Config]} <- [file:consult(filename:join(Folder, File))],
        Of =:= Name
    ],
    [Log || {_, Log} <- lists:reverse(lists:sort(Found))]
end.

Record = fun(Table, Name, Log) ->
    ok = dets:insert(Table, {Name, Log}),
    ok = dets:sync(Table)
end.

Lead = fun(Name, Own, #{data_dir := Folder, names := #{directory_rev := Table}}) ->
    Member = {Name, node()},
    case [Log || Log <- Logs(Name, Folder), Log =/= Own] of
        [] ->
            logger:notice("~ts had no leader", [Name]);
        [Log | _] ->
            logger:notice("~ts had lost its log ~ts", [Name, Log]),
            ok = ra:stop_server(System, Member),
            ra_directory:unregister_name(System, Own),
            Record(Table, Name, Log),
            ok = ra:restart_server(System, Member),
            file:del_dir_r(filename:join(Folder, Own))
    end,
    ra:trigger_election(Member)
end.

Mend = fun(Name, #{names := #{directory := Running, directory_rev := Table}} = Settings) ->
    Pid = whereis(Name),
    [Own] = [element(1, Entry) || Entry <- ets:tab2list(Running), element(2, Entry) =:= Pid],
    case ra:members({Name, node()}, 1000) of
        {ok, _, _} ->
            case dets:lookup(Table, Name) of
                [{_, Own}] -> ok;
                _ -> Record(Table, Name, Own)
            end;
        _ ->
            Lead(Name, Own, Settings)
    end
end.

spawn(fun() ->
    Await(3000),
    Settings = ra_system:fetch(System),
    Names = [
        Name
     || Queue <- rabbit_amqqueue:list(),
        amqqueue:get_type(Queue) =:= rabbit_quorum_queue,
        {Name, Node} <- [amqqueue:get_pid(Queue)],
        Node =:= node()
    ],
    [
        spawn(fun() ->
            case catch Mend(Name, Settings) of
                {'EXIT', Why} -> logger:warning("~ts could not be mended: ~tp", [Name, Why]);
                _ -> ok
            end
        end)
     || Name <- Names
    ]
end).
