import * as z from "zod/mini";
import { type Dependency, dependencies } from "../components/index.ts";
import type { DependencyName } from "../components/names.ts";
import { TiB } from "./fields.ts";
import { sizeMiB } from "./size.ts";

type Sections = { readonly [D in Dependency as D["name"]]: z.ZodMiniOptional<D["settings"]> };

/** A section a dependency, each of which a stack.yaml may do without. */
export const sections = Object.fromEntries(
  dependencies.map(({ name, settings }) => [name, z.optional(settings)]),
) as Sections;

const withData = dependencies.flatMap(({ name, data }) => (data === undefined ? [] : [{ name, ...data }]));
const volume = (path: string) => z.optional(sizeMiB(`Volume of ${path}`, { least: 1024, most: 1024 * TiB }));

/** Volumes for the dependencies' data. */
export const volumes = z
  .strictObject(
    Object.fromEntries(withData.map(({ name, path }) => [name, volume(path)])) as {
      readonly [Name in DependencyName]: ReturnType<typeof volume>;
    },
  )
  .check(
    z.describe(
      `Mount points of their own, with backup=1, for databases' data: {${withData.map(({ name, example }) => `${name}: ${example}`).join(", ")}}; what is left out lies on the root disk`,
    ),
  );
