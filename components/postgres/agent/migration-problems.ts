import type { ComponentFacts } from "../../../engine/plan/plan-files.ts";
import type { Problem } from "../../../engine/stage.ts";
import type { PostgresModel } from "../../../stack/components/postgres/model.ts";
import type { ServerFacts } from "./facts.ts";
import { migrationChecksum } from "./migration-checksum.ts";

/** Applied migrations that read otherwise now, or that this release doesn't know. */
export function migrationProblems(
  { applied }: Pick<ServerFacts, "applied">,
  component: ComponentFacts,
  postgres: PostgresModel,
): Problem[] {
  return applied.flatMap(({ version, name, checksum, expands }): Problem[] => {
    const ours = postgres.migrations.find((migration) => migration.version === version);
    const file = component.files.find(({ entry }) => entry.path === ours?.path);
    // A newer release, which was taken back, has left it.
    if (ours === undefined && expands === true) return [];
    if (ours === undefined || file === undefined) {
      return [
        {
          code: "migration-unknown",
          message: `database ${postgres.database} has migration ${name}, which this release doesn't know`,
          hint: "the data is of a newer release: use that release, or restore an older backup",
        },
      ];
    }
    if (migrationChecksum(file.text) === checksum) return [];
    return [
      {
        code: "migration-changed",
        message: `migration ${name} is not the one that was applied to ${postgres.database}`,
        hint: `put ${ours.path} back as it was, and make the change a new migration`,
      },
    ];
  });
}
