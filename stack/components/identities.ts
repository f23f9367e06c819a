import type { AnyComponent } from "./component.ts";
import { dependencies } from "./index.ts";

const all: readonly AnyComponent[] = dependencies;

/** Files that some component's packages make of the machine they are unpacked on: a definition may bring such a package by itself. */
export const identities: readonly string[] = all.flatMap(({ identities = [], clustered }) => [
  ...identities,
  ...(clustered?.identities ?? []),
]);

/** Folders of components' data: in a template they hold nothing, but folders where their package brings some. */
export const emptyFolders: readonly { readonly path: string; readonly packaged: boolean }[] = all.flatMap(({ data }) =>
  data === undefined ? [] : [{ path: data.path, packaged: data.packaged === true }],
);
