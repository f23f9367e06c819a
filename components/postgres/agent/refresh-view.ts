import type { Job } from "../../../engine/job.ts";
import { StackError } from "../../../lib/error.ts";
import { withinDeadline } from "../../../lib/within-deadline.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import { postgresDeadline, withPostgres } from "./client.ts";

/** Called as the agent's role, which may do nothing else with the event store. */
const statement = "select event_store.refresh_statistics()";

/** Milliseconds of the statement, and until a server that says nothing is given up. */
const LONGEST = 5 * 60_000;

/**
 * Refreshes the event statistics view. The connection lives for the one statement: once a
 * minute it is cheaper than one kept open.
 */
export function refreshView({ port, external, servers, database, agentUser, secrets }: PostgresModel): Job["run"] {
  return async (context, signal) => {
    const password = await context.secret(secrets.agent);
    if (password === undefined) {
      throw new StackError("secret-missing", `the secret ${secrets.agent} can't be read`, {
        hint: external === undefined ? "stack-agent provision" : `stack-agent secrets set ${secrets.agent}`,
      });
    }
    const who = { user: agentUser, password, purpose: "refresh-view", statementTimeout: LONGEST };
    const login = { port, servers, database, ...who };
    await withinDeadline(postgresDeadline(port, LONGEST + 5_000, servers), signal, (limited) =>
      withPostgres(login, limited, (client) => client.query(statement)),
    );
  };
}
