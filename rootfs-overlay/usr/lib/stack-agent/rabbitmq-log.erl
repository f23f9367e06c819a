%% Keeps values of messages out of the broker's log. Its unit has Erlang evaluate this file just before it
%% starts RabbitMQ.
%%
%% Of a process that ends Erlang logs the state and the last message to it, and of a refused operation
%% RabbitMQ logs what was wrong with which value. Both are told to the client too, as far as they concern it.

%% What of a term can be told: its atoms, to the depth of {badmatch, {error, enospc}}.
Shape = fun
  Shape(Term, _) when is_atom(Term); is_pid(Term) -> Term;
  Shape(Term, Depth) when is_tuple(Term), Depth > 0 ->
    list_to_tuple([Shape(Each, Depth - 1) || Each <- lists:sublist(tuple_to_list(Term), 3)]);
  Shape(_, _) -> '_'
end.

%% While the broker starts there is no client yet, and a file that it can't read must have its name: of a
%% message that is read from one, only what came from a client is taken out, which is binary throughout.
Blank = fun
  Blank(Term) when is_bitstring(Term) -> <<"_">>;
  Blank(Term) when is_tuple(Term) -> list_to_tuple(Blank(tuple_to_list(Term)));
  Blank([Head | Tail]) -> [Blank(Head) | Blank(Tail)];
  Blank(Term) when is_map(Term) -> maps:from_list(Blank(maps:to_list(Term)));
  Blank(Term) -> Term
end.

%% A text is one that RabbitMQ has made: of names, addresses, files.
Plain = fun(Term) -> not (is_tuple(Term) orelse is_map(Term) orelse is_list(Term))
  orelse (is_list(Term) andalso io_lib:printable_unicode_list(Term)) end.

Started = fun
  ({report, Report}) -> {report, Blank(Report)};
  ({string, Text}) -> {string, Text};
  ({Format, Arguments}) -> {Format, [case Plain(Each) of true -> Each; false -> Blank(Each) end || Each <- Arguments]}
end.

%% Of Erlang's reports: kind, whose, why.
Ended = fun
  (#{label := Label, name := Name, reason := Reason}) -> [Label, Shape(Name, 2), Shape(Reason, 3)];
  (#{label := Label, report := [{supervisor, Name} | _] = Report}) ->
    Offender = proplists:get_value(offender, Report, []),
    Id = proplists:get_value(id, Offender, proplists:get_value(name, Offender)),
    [Label, Shape({Name, Id}, 3), Shape(proplists:get_value(reason, Report), 3)];
  (#{label := Label, report := [Report | _]}) when is_list(Report) ->
    {_, Reason, _} = proplists:get_value(error_info, Report, {error, unknown, []}),
    [Label, Shape(proplists:get_value(registered_name, Report), 1), Shape(Reason, 3)];
  (#{label := Label}) -> [Label, '_', '_'];
  (Arguments) when is_list(Arguments), Arguments =/= [] -> [process, '_', Shape(lists:last(Arguments), 3)];
  (_) -> [process, '_', '_']
end.

%% What an exception is about comes behind its name; of a term that RabbitMQ has written out the first word stays.
Cut = fun(Text) ->
  Options = [dotall, unicode, {return, list}],
  Named = re:replace(Text, "(exception [a-z_]+).*", "\\1", Options),
  re:replace(Named, "(\n\\s*)[{\\[]+([a-z_]*).*", "\\1\\2", Options)
end.

%% An explanation comes in pieces, some of them text and some of them values: as far as the exception's name.
Part = fun(Term) ->
  Text = try unicode:characters_to_list(Term) catch _:_ -> none end,
  Told = is_list(Text) andalso re:run(Text, "^operation [a-z0-9._]+ caused an? [a-z]+ exception [a-z_]+", [{capture, first, list}]),
  case {Plain(Term), Told} of
    {true, _} -> Term;
    {false, {match, [Named]}} -> Named;
    _ -> Shape(Term, 3)
  end
end.

Told = fun
  (#{meta := #{error_logger := _} = Meta, msg := Message} = Event) ->
    Ending = Ended(element(2, Message)),
    Event#{
      msg := {"~0p ended: ~0p of ~0p, ~0p; what it held is not logged", [maps:get(pid, Meta, '_') | Ending]},
      meta := maps:remove(report_cb, Meta)
    };
  (#{msg := {report, Report}} = Event) -> Event#{msg := {"~0p", [Blank(Report)]}};
  (#{msg := {string, Text}} = Event) -> Event#{msg := {string, Cut(unicode:characters_to_list(Text))}};
  (#{msg := {Format, Arguments}} = Event) ->
    Event#{msg := {string, Cut(unicode:characters_to_list(io_lib:format(Format, [Part(Each) || Each <- Arguments])))}}
end.

logger:add_primary_filter(values, {
  fun
    (#{level := Level} = Event, _) when Level =:= info; Level =:= debug; Level =:= notice -> Event;
    (#{msg := Message, meta := Meta} = Event, _) ->
      try (catch rabbit_boot_state:get()) of
        ready -> Told(Event);
        _ -> Event#{msg := Started(Message)}
      catch _:_ -> Event#{msg := {string, "what can't be told without its values"}, meta := maps:remove(report_cb, Meta)}
      end
  end,
  []
}).
