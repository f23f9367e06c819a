import type { Sealed } from "../../../engine/secrets/sealed.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    importDefinitions: { managementPort: number; text: Sealed };
    deleteBrokerUser: { managementPort: number; user: string };
    leadQueue: { member: string; empty: string; log: string | undefined; led?: true };
    reviveQueue: { member: string; folder: string; damaged: "config" | "log" };
    recoverStreams: Record<string, never>;
  }
}
