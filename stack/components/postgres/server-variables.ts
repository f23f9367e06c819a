import type { Variable } from "../process.ts";
import type { PostgresServers } from "./model.ts";

/** Several servers as libpq takes them, and what it reads of its environment itself. */
export function serverVariables(servers: PostgresServers | undefined): Variable[] {
  const { addresses = [], ca, cluster } = servers ?? {};
  return [
    { name: "POSTGRES_HOST", value: addresses.map(({ host }) => host).join(",") },
    { name: "POSTGRES_PORT", value: addresses.map(({ port }) => port).join(",") },
    { name: "PGTARGETSESSIONATTRS", value: "read-write", why: "Of several servers the one that takes writes." },
    ...(ca === undefined
      ? []
      : [
          { name: "PGSSLMODE", value: "verify-full" },
          { name: "PGSSLROOTCERT", value: ca },
        ]),
    ...(cluster === undefined
      ? []
      : [
          {
            name: "PGSSLCERT",
            value: cluster.certificate,
            why: "Only members are let in: what shows that this is one.",
          },
          { name: "PGSSLKEY", value: cluster.key },
          { name: "PGCONNECT_TIMEOUT", value: "3", why: "A server that is frozen says nothing; the next is asked." },
        ]),
  ];
}
