%% Erlang expressions, run by the broker's VM before RabbitMQ begins: loads all modules of RabbitMQ,
%% its plugins and what they need, at once. RabbitMQ loads every one of them in any case, one by one,
%% and for each the VM copies its whole table of exports and brings all its schedulers to agree: half
%% of a start's processor time. Where something is amiss here, RabbitMQ goes on loading by itself.

%% For this VM only, not for the programs that it starts.
os:unsetenv("ERL_AFLAGS").

Read = fun(App) ->
    case file:consult(code:where_is_file(atom_to_list(App) ++ ".app")) of
        {ok, [{application, App, Keys}]} ->
            {proplists:get_value(modules, Keys, []), proplists:get_value(applications, Keys, [])};
        _ ->
            {[], []}
    end
end.

Modules = fun
    Modules([], _, Found) ->
        Found;
    Modules([App | Rest], Seen, Found) ->
        case lists:member(App, Seen) of
            true ->
                Modules(Rest, Seen, Found);
            false ->
                {Own, Needs} = Read(App),
                Modules(Needs ++ Rest, [App | Seen], Own ++ Found)
        end
end.

{ok, [Plugins]} = file:consult("/etc/rabbitmq/enabled_plugins").

code:ensure_modules_loaded(Modules([rabbit | Plugins], [], [])).
