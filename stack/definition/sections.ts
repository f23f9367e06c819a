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

/** What each component adds to a service's section. */
type Shapes<D = Dependency> = D extends { readonly serviceSettings: infer Shape } ? Shape : never;
/** The intersection of a union, by TypeScript's inference of a function's parameter. */
type All<Union> = (Union extends unknown ? (one: Union) => void : never) extends (all: infer Every) => void
  ? Every
  : never;

/** Settings of a service that are of the components it needs. */
export const serviceSettings = Object.assign(
  {},
  ...dependencies.map(({ serviceSettings }) => serviceSettings),
) as All<Shapes>;

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
