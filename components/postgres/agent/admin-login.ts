import type { SecretName } from "../../../stack/model.ts";
import type { PostgresLogin } from "./client.ts";
import type { ExternalAdmin } from "./external-admin.ts";

/**
 * The superuser's login, or that of who stands for it where the servers are somebody else's: such a one can't have the
 * server log nothing of it, and its statements hold verifiers of passwords, no passwords.
 */
export async function adminLogin(
  { port, external }: { readonly port: number; readonly external?: ExternalAdmin | undefined },
  secret: (name: SecretName) => Promise<string>,
): Promise<Omit<PostgresLogin, "database">> {
  if (external === undefined) {
    return { port, user: "postgres", password: await secret("postgres.superuser"), unlogged: true };
  }
  const { servers, user, superuser } = external;
  const login = { port, servers, user, password: await secret(external.secret) };
  return superuser === undefined ? login : { ...login, unlogged: superuser };
}
