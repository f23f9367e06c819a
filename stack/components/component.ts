import type { Definition } from "../definition/schema.ts";
import type {
  ComponentName,
  DataFolder,
  FileEntry,
  Model,
  PackagedAccount,
  PortUse,
  SecretSpec,
  UnitSpec,
  User,
} from "../model.ts";

/** The model before the components have added their tables. */
export type BareModel = Omit<
  Model,
  "packages" | "users" | "packagedAccounts" | "secrets" | "ports" | "units" | "files" | "data"
>;

/** What one component brings to a stack: the whole of its declaration, as tables. */
export interface Component {
  readonly name: ComponentName;
  /** Whether this definition has the component. */
  present(definition: Definition): boolean;
  packages(model: BareModel): readonly string[];
  /** Of a database: the folder that all of its data is in. */
  readonly data?: Omit<DataFolder, "volume" | "holds"> & { holds(model: BareModel): readonly string[] };
  users?(model: BareModel): readonly User[];
  readonly packagedAccounts?: readonly PackagedAccount[];
  secrets?(model: BareModel): readonly SecretSpec[];
  ports?(model: BareModel): readonly PortUse[];
  units(model: BareModel): readonly UnitSpec[];
  files(model: BareModel): readonly Omit<FileEntry, "component">[];
}
