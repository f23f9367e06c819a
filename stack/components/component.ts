import type * as z from "zod/mini";
import type { MemoryClaim } from "../budget.ts";
import type { Definition } from "../definition/schema.ts";
import type {
  BareModel,
  BaseModel,
  CheckModel,
  ComponentName,
  ComponentSpec,
  DataFolder,
  FileEntry,
  GivenSecret,
  PackagedAccount,
  Placed,
  PortUse,
  SecretSpec,
  UnitSpec,
  User,
  VersionAsked,
} from "../model.ts";
import type { PackageSources } from "../package-sources.ts";
import type { CheckSpec } from "./check-spec.ts";
import type { Credential, Process, Variable } from "./process.ts";

/** A unit of the part that declares it. */
export type DeclaredUnit = Omit<UnitSpec, "component">;
/** A file of the part that declares it. */
export type DeclaredFile = Omit<FileEntry, "component">;

/** What any part of a stack brings: tables, worked out from the model before there are any. */
export interface Part<Name extends string = ComponentName, Stack = BareModel> {
  readonly name: Name;
  packages(stack: Stack): readonly string[];
  /** What versions the stack is asked to have. */
  versions?(stack: Stack): readonly VersionAsked[];
  users?(stack: Stack): readonly User[];
  readonly packagedAccounts?: readonly PackagedAccount[];
  secrets?(stack: Stack): readonly SecretSpec[];
  /** What runs of it; a unit each. */
  processes?(stack: Stack): readonly Process[];
  /** Those that no process is. */
  units(stack: Stack): readonly DeclaredUnit[];
  files(stack: Stack): readonly DeclaredFile[];
}

/** A part that is no component which services could need: in every stack, but for backups. */
export interface OwnPart extends Part<"system" | "agent" | "cluster" | "services" | "backup" | "metrics"> {
  ports?(stack: BareModel): readonly PortUse[];
  checks?(stack: BareModel): readonly CheckModel[];
}

/** A stack that has this component, before there are services. */
export type Having<Name extends string, Own> = BaseModel & { readonly [N in Name]: Placed<Own> };

type Settings = z.ZodMiniObject;

/**
 * The whole of a component's declaration: what a stack may have, or do without, by a section of its
 * name in stack.yaml. Services may need it, and health speaks of it by its name.
 *
 * @typeParam Own what the section means, every default worked out: the model's part of this name
 * @typeParam Checks names of its health checks
 */
export interface Component<
  Name extends string,
  S extends Settings,
  Own extends object,
  Checks extends `${Name}:${string}`,
  Stack = Having<Name, Own>,
> extends Part<Name, Stack> {
  /** What people call it. */
  readonly label: string;
  /** `componentType` of a health document (draft-inadarei-api-health-check-06, 4.2). */
  readonly kind: ComponentSpec["kind"];
  /** What a first boot does for it, a clause: "the Redis Cluster is formed". */
  readonly firstBoot?: string;
  readonly settings: S;
  model(settings: z.output<S>, definition: Definition): Own;
  processes(stack: Stack): readonly Process[];
  readonly checks: { readonly [Check in Checks]: CheckSpec };
  /** Names of what it has done by a schedule: no declared job can be called so. */
  readonly jobs?: readonly string[];
  readonly ports: readonly PortSpec<keyof z.output<S> & string>[];
  /** The folder that all of its data is in; undefined: it keeps none. */
  readonly data?: DataSpec<Stack>;
  /** What the definition's own words name in it. */
  names?(stack: Stack): readonly NameClaim[];
  /** What it names itself, whatever the definition says: as NameClaim's `what`. */
  ownNames?(stack: Stack): readonly string[];
  /** Where its packages come from, where that need not be Debian's own archive. */
  packageSources?(stack: Stack): PackageSources;
  /** What it takes of the machine's memory; none where it takes little. */
  memory?(stack: Stack): MemoryClaim;
  /** Files that packages make of the machine they are unpacked on, a secret or an identity; `FOLDER/*`: all in it. */
  readonly identities?: readonly string[];
  /** What of its packages a template can do without, by the setting's name. */
  readonly slim?: Readonly<Record<string, SlimSpec>>;
  /** What it adds to the section of a service that needs it: settings by their names. */
  readonly serviceSettings?: Readonly<Record<string, z.ZodMiniType>>;
  /** Those of them that are a fault where the service doesn't need it; the others say nothing there. */
  readonly strictServiceSettings?: readonly string[];
  /** How a service comes to it. */
  readonly connection: ConnectionSpec<Stack>;
  /** What it is on servers that are somebody else's; undefined: it can't be. */
  readonly external?: ExternalForm<Stack>;
  /** What differs where it is one of a cluster of three; undefined: each machine has its own, or there can be no cluster. */
  readonly clustered?: ClusteredForm<S, Own, Checks, Stack>;
  /** What somebody has to give for it. */
  givenSecrets?(stack: Stack): readonly AskedSecret[];
}

/** A component whose section says `external`: what is of it then (stack/components/form-of.ts). */
export interface ExternalForm<Stack> {
  /** Settings of its section that mean a server of the stack's own, and nothing beside `external`. */
  readonly ownSettings: readonly string[];
  /** Of its jobs those that are done there too. */
  readonly jobs?: readonly string[];
  readonly firstBoot?: string;
  /** Passwords, which whoever has the servers gives. */
  secrets(stack: Stack): readonly AskedSecret[];
  files?(stack: Stack): readonly DeclaredFile[];
  readonly connection: ConnectionSpec<Stack>;
}

/**
 * A component whose servers are members of a cluster of three, one on each machine (stack/components/form-of.ts):
 * what is said here goes before what the component says. It has `stack.cluster`; files `when: "boot"` have `place`, too,
 * the machine's own node. What it makes as a secret all members have the same.
 */
export type ClusteredForm<
  S extends Settings,
  Own extends object,
  Checks extends `${string}:${string}`,
  Stack,
> = Partial<Omit<Component<string, S, Own, Checks & `${string}:${string}`, Stack>, FixedOfForm>>;

/** What a component is in each of its forms. */
type FixedOfForm = "name" | "label" | "kind" | "settings" | "external" | "clustered" | "slim" | keyof ServiceShape;
type ServiceShape = Pick<AnyComponent, "serviceSettings" | "strictServiceSettings">;

/** A secret that somebody has to give, and who but root reads it. Services get it as their credential. */
export type AskedSecret = Pick<GivenSecret, "name" | "description" | "reader">;

/** A component whose settings and model are its own matter: what a loop over all of them sees. */
export type AnyComponent<Name extends string = string> = Component<
  Name,
  Settings,
  object,
  `${Name}:${string}`,
  BaseModel
>;

/** Where a component listens: at the port of a setting, or one a member of a list; or at one that no setting changes. */
export type PortSpec<Setting extends string = string> = Readonly<{
  what: string;
  /** Who listens, for a sentence; default: `what`. */
  who?: string;
  /** systemd listens, and starts the server when somebody comes. */
  activated?: true;
  /** Default loopback. */
  bind?: PortUse["bind"];
}> &
  (
    | {
        readonly setting: Setting;
        readonly plus?: number;
        /** Of a list only so many. */
        readonly first?: number;
      }
    | { readonly port: number }
  );

/** What of a component's packages need not be in a template: a setting of the section `slim`, by default left out. */
export interface SlimSpec {
  /** For the setting's description. */
  readonly about: string;
  /** What is gone, for docs/smaller.md. */
  readonly what: string;
  /** MB (10⁶ bytes) in the archive, raw and by pigz -6: test/bench/slim.ts measures them. */
  readonly saves: { readonly raw: number; readonly gz: number };
  /** dpkg's path-exclude patterns; none where a file of the component's own says them. */
  readonly excludes: readonly string[];
}

export interface ConnectionSpec<Stack> {
  /** Where it answers, `HOST:PORT` each. */
  addresses(stack: Stack): readonly string[];
  /** Settings of a service that needs it: lines of its env file, no secret among them. */
  environment(stack: Stack, service: string): readonly Variable[];
  /** What the service is lent to log in with: the credential's name (systemd.exec(5)), and the secret behind it. */
  readonly credential?: Credential;
}

export interface DataSpec<Stack> extends Pick<DataFolder, "path" | "mode" | "owner"> {
  holds(stack: Stack): readonly string[];
  /** Whether its package brings folders in it: a template's holds nothing else. */
  readonly packaged?: true;
  /** A size that its volume could have, for the settings' description. */
  readonly example: string;
}

/** Something that a stack names after itself. */
export interface NameClaim {
  /** Of an account, database …: its kind and name, `role postgres`. */
  readonly what: string;
  /** The setting of the component's that the name comes from; where it isn't given, the stack's name. */
  readonly setting?: string;
  /** The service whose name it comes from. */
  readonly service?: string;
  /** Why nothing may be called so. */
  readonly refused?: string;
}
