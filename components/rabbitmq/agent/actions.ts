import type { Sealed } from "../../../engine/secrets/sealed.ts";
import type { BrokerRequest } from "./broker-request.ts";
import type { ExternalAdmin } from "./external-admin.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    importDefinitions: { managementPort: number; text: Sealed };
    deleteBrokerUser: { managementPort: number; user: string };
    leadQueue: { member: string; empty: string; log: string | undefined; led?: true };
    reviveQueue: { member: string; folder: string; damaged: "config" | "log" };
    declareInBroker: { login: ExternalAdmin; requests: readonly BrokerRequest[] };
    recoverStreams: Record<string, never>;
    joinBroker: { own: string; broker: string; remembered: boolean };
    enableKhepri: { managementPort: number };
    growStreams: { vhost: string; streams: readonly string[] };
  }
}
