import { readTextIfAny } from "../../lib/files.ts";
import { type Confinement, confinementKinds } from "../../stack/documents/confinement.ts";

/** What the generator stack-sandbox found at boot, or was told to hold for found. */
export async function readConfinement(runFolder: string): Promise<Confinement> {
  const words = ((await readTextIfAny(`${runFolder}/confinement`)) ?? "").trim().split(" ");
  return {
    kind: confinementKinds.find((kind) => kind === words[0]) ?? "unknown",
    how: words[1] === "probed" || words[1] === "forced" ? words[1] : "unknown",
  };
}
