import type { FilesSource } from "../../stack/package-sources.ts";
import { downloadedInputs } from "../layers/downloaded/downloaded.ts";
import type { Finder } from "./finder.ts";

/** Packages by their addresses; undefined where there are none for the release. Nothing is fetched here. */
export const findFiles: Finder<FilesSource> = async ({ files }, _, { model }) => {
  const wanted = files[model.debian.suite];
  if (wanted === undefined) return undefined;
  const inputs = await downloadedInputs(wanted, model.architecture);
  return {
    versions: Object.fromEntries(wanted.map(({ name, version }) => [name, version])),
    made: { name: "downloaded", inputs },
  };
};
