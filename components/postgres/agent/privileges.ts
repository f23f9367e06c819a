import type { PostgresModel } from "../../../stack/components/postgres/model.ts";

/** A privilege as PostgreSQL keeps it, and as GRANT takes it. */
interface Privilege {
  readonly grantee: string;
  readonly privilege: "USAGE" | "CREATE" | "SELECT" | "INSERT" | "UPDATE" | "EXECUTE";
  readonly on: "SCHEMA" | "TABLE" | "FUNCTION";
  /** With its schema; a function's without its arguments, as none is overloaded. */
  readonly names: readonly string[];
}

/**
 * What the migrations grant. A role that is made anew after one was lost has none of it, and
 * an applied migration is not applied again.
 */
function wantedPrivileges({ user, agentUser }: PostgresModel): readonly Privilege[] {
  const store = (...names: readonly string[]) => names.map((name) => `event_store.${name}`);
  return [
    { grantee: user, privilege: "USAGE", on: "SCHEMA", names: ["event_store", "projections"] },
    { grantee: user, privilege: "CREATE", on: "SCHEMA", names: ["projections"] },
    {
      grantee: user,
      privilege: "SELECT",
      on: "TABLE",
      names: [...store("event_types", "events", "snapshots", "projections"), "projections.event_statistics"],
    },
    {
      grantee: user,
      privilege: "EXECUTE",
      on: "FUNCTION",
      names: store(
        ...["register_event_type", "append", "read_all", "read_stream", "head", "save_snapshot", "drop_snapshot"],
        ...["advance_projection", "reset_projection"],
      ),
    },
    { grantee: agentUser, privilege: "USAGE", on: "SCHEMA", names: ["event_store", "projections", "stack_agent"] },
    { grantee: agentUser, privilege: "SELECT", on: "TABLE", names: ["projections.event_statistics"] },
    ...(["SELECT", "INSERT", "UPDATE"] as const).map(
      (privilege) => ({ grantee: agentUser, privilege, on: "TABLE", names: ["stack_agent.heartbeat"] }) as const,
    ),
    {
      grantee: agentUser,
      privilege: "EXECUTE",
      on: "FUNCTION",
      names: ["event_store.refresh_statistics", "stack_agent.figures", "stack_agent.xmin_age"],
    },
  ];
}

/** GRANT statements for what the migrations granted and is not there any more. */
export function lostPrivileges(held: readonly string[], postgres: PostgresModel): string[] {
  const there = new Set(held);
  return wantedPrivileges(postgres).flatMap(({ grantee, privilege, on, names }) => {
    const lost = names.filter((name) => !there.has(`${grantee} ${privilege} ${on} ${name}`));
    return lost.length === 0 ? [] : [`GRANT ${privilege} ON ${on} ${lost.join(", ")} TO ${grantee};`];
  });
}

/** Every privilege in our schemas, one a row, as `GRANTEE PRIVILEGE KIND NAME`. */
export const privilegesQuery = `
  select pg_get_userbyid(grantee) || ' ' || privilege_type || ' ' || kind || ' ' || name as privilege
  from (
    select 'SCHEMA' as kind, nspname::text as name, nspacl as acl, nspname from pg_namespace
    union all
    select 'TABLE', nspname || '.' || relname, relacl, nspname
    from pg_class join pg_namespace as n on n.oid = relnamespace
    union all
    select 'FUNCTION', nspname || '.' || proname, proacl, nspname
    from pg_proc join pg_namespace as n on n.oid = pronamespace
  ) as object, aclexplode(acl)
  where nspname in ('event_store', 'projections', 'stack_agent')`;
