%% What gives the broker of this stack its logs back, and makes it ready sooner. Its unit has Erlang evaluate
%% this file just before it starts RabbitMQ; what fails here leaves the start as it was.

%% Which log is whose, Ra reads in names.dets, which it writes half a second after a queue's declaration.
%% A log that isn't named there it takes for nobody's, and drops its entries from the write-ahead log. Each
%% log's own folder says whose it is as well: where a name is missing, its newest log gets it back.
Node = case node() of nonode@nohost -> "rabbit@localhost"; Named -> atom_to_list(Named) end.
[catch begin
   Folder = filename:join(["/var/lib/rabbitmq/mnesia", Node, System, Node]),
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
