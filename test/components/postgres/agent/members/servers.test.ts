import t from "tap";
import { differingSettings } from "../../../../../components/postgres/agent/members/differing-settings.ts";
import { judgeServers } from "../../../../../components/postgres/agent/members/judge-servers.ts";
import type { PatroniServer, ServersView } from "../../../../../components/postgres/agent/members/look-at-servers.ts";

const nodes = ["a", "b", "c"].map((name, index) => ({ name, address: `10.1.1.12${index + 1}`, index }));
const server = (name: string, role: PatroniServer["role"], state = "running"): PatroniServer => ({ name, role, state });
const view = (...servers: PatroniServer[]): ServersView => ({ servers, dynamic: {} });
const [leader, sync, replica] = [
  server("a", "leader"),
  server("b", "sync_standby", "streaming"),
  server("c", "replica"),
];

t.test("three servers are well, two do the work, and without a leader or a standby nothing is written", async (t) => {
  t.equal(judgeServers(view(leader, sync, replica), { nodes }), undefined);
  t.match(judgeServers(view(leader, sync), { nodes }), { status: "warn", code: "degraded", message: "c is gone" });
  t.match(judgeServers(view(leader, sync, server("c", "replica", "starting")), { nodes }), {
    status: "warn",
    message: "c is starting",
  });
  t.match(judgeServers(view(leader, replica), { nodes }), { status: "fail", code: "no-standby" });
  t.match(judgeServers(view(server("a", "leader", "stopped"), sync), { nodes }), { status: "fail", code: "no-leader" });
  t.match(judgeServers(undefined, { nodes }), { status: "fail", code: "no-quorum" });
});

t.test("only what differs is changed, and what is there beside it stays", async (t) => {
  const wanted = {
    ttl: 9,
    failsafe_mode: true,
    postgresql: { parameters: { wal_log_hints: "on", max_connections: 110 } },
  };
  t.same(differingSettings(wanted, { ...wanted, pause: true }), {});
  const there = { ttl: 30, failsafe_mode: true, postgresql: { parameters: { wal_log_hints: "on", work_mem: "8MB" } } };
  t.same(differingSettings(wanted, there), { ttl: 9, postgresql: { parameters: { max_connections: 110 } } });
  t.same(differingSettings(wanted, undefined), wanted);
});
