import type { PostgresServers } from "../../../stack/components/postgres/model.ts";
import type { SecretName } from "../../../stack/model.ts";

/** Who makes roles and applies migrations where there are several servers. */
export interface ExternalAdmin {
  readonly servers: PostgresServers;
  readonly user: string;
  readonly secret: SecretName;
  /** It is the superuser itself, of the cluster's servers; another machine may be at the same. */
  readonly superuser?: true;
}
