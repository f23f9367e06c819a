import type { ServerAddress } from "../../../stack/components/external.ts";
import type { SecretName } from "../../../stack/model.ts";

/** Who declares what the stack has in brokers that are somebody else's. */
export interface ExternalAdmin {
  readonly management: ServerAddress;
  readonly ca?: string | undefined;
  readonly user: string;
  readonly secret: SecretName;
}
