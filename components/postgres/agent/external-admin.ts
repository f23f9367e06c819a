import type { ExternalServers } from "../../../stack/components/external.ts";
import type { SecretName } from "../../../stack/model.ts";

/** Who stands for the superuser where the servers are somebody else's. */
export interface ExternalAdmin {
  readonly servers: ExternalServers;
  readonly user: string;
  readonly secret: SecretName;
}
