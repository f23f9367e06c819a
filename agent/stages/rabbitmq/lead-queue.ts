import type { Executors } from "../../engine/action.ts";

const LEAD_TIMEOUT = 60_000;

/** Gives a quorum queue its log back, if it had one, and a leader. What has one is left alone. */
export const leadQueue: Executors["leadQueue"] = {
  lock: "rabbitmq",
  describe: ({ member, log }) => `${member}${log === undefined ? "" : `, its log ${log}`}`,
  async apply({ member, log }, io) {
    await io.run("rabbitmqctl", ["--quiet", "eval", script(member, log)], { cwd: "/", timeout: LEAD_TIMEOUT });
  },
};

/**
 * For the broker to evaluate. A member that isn't led answers no question about its members;
 * one that gets a log with entries is led by itself, being the only one.
 *
 * @param member an Erlang atom, as the broker has written it
 */
function script(member: string, log: string | undefined): string {
  return `
    System = quorum_queues, Name = ${member}, Member = {Name, node()},
    case ra:members(Member, 2000) of
      {ok, _, _} -> led;
      _ ->
        ${log === undefined ? "" : exchange(log)}
        ra:trigger_election(Member),
        {ok, _, _} = ra:members(Member, 10000)
    end.`;
}

function exchange(log: string): string {
  return `
        Empty = ra_directory:uid_of(System, Name),
        ok = ra:stop_server(System, Member),
        ra_directory:unregister_name(System, Empty),
        ok = ra_directory:register_name(System, <<"${log}">>, undefined, undefined, Name, Name),
        ok = ra:restart_server(System, Member),
        ok = file:del_dir_r(filename:join(maps:get(data_dir, ra_system:fetch(System)), Empty)),`;
}
