import type { Sealed } from "../../../engine/secrets/sealed.ts";

/** One thing to declare, by the management API. */
export interface BrokerRequest {
  readonly method: "PUT" | "POST";
  readonly path: string;
  readonly body: Sealed;
}
