import type { Sealed } from "../../../engine/secrets/sealed.ts";
import type { ClusterModel } from "../../../stack/components/cluster/model.ts";
import type { Migration } from "../../../stack/components/postgres/model.ts";
import type { ExternalAdmin } from "./external-admin.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    initdb: { dataDirectory: string; binDirectory: string; locale: string };
    superuserPassword: { port: number };
    sql: { port: number; database: string; text: Sealed; external?: ExternalAdmin };
    migrate: { port: number; database: string; migrations: readonly Migration[]; external?: ExternalAdmin };
    /** `settings`: a patch of what all servers have in common. */
    patroniSettings: { cluster: ClusterModel; port: number; settings: Readonly<Record<string, unknown>> };
  }
}
