import type { MemoryClaim } from "./budget.ts";
import type { BackupModel } from "./components/backup/model.ts";
import type { CheckName, CheckSpec } from "./components/check-spec.ts";
import type { ClusterModel } from "./components/cluster/model.ts";
import type { Dependency } from "./components/index.ts";
import type { MetricsSettings } from "./components/metrics/settings.ts";
import type { DependencyName } from "./components/names.ts";
import type { Credential, Process, Variable } from "./components/process.ts";
import type { DebianRelease } from "./debian.ts";
import type { Definition } from "./definition/schema.ts";
import type { PackageSources } from "./package-sources.ts";

export type { DependencyName } from "./components/names.ts";

/** The parts a stack is made of. `system`, `agent` and `services` are in every stack. */
export type ComponentName = "system" | "agent" | "cluster" | DependencyName | "services" | "backup" | "metrics";

/** What the components' sections mean, each by the component's name. */
export type DependencyModels = { readonly [D in Dependency as D["name"]]: Placed<ReturnType<D["model"]>> };

/** What a component's section means, and where it is. */
export type Placed<Own> = Own & {
  /** Where it listens, and where who needs it finds it. */
  readonly address: string;
};

/** A stack before there are services and tables: what its components are declared by. */
export interface BaseModel extends Partial<DependencyModels> {
  readonly name: string;
  readonly version: string;
  readonly debian: DebianRelease;
  readonly architecture: "amd64";
  readonly definition: Definition;
  readonly paths: Paths;
  /** Undefined where the stack is not backed up. */
  readonly backup?: BackupModel;
  /** Undefined where the stack has no Prometheus of its own. */
  readonly metrics?: MetricsSettings;
  /** Undefined where the stack is one machine. */
  readonly cluster?: ClusterModel;
}

/** A stack before there are tables. */
export interface BareModel extends BaseModel {
  readonly services: readonly ServiceModel[];
  /** What the definition has the agent run by a schedule. */
  readonly jobs: readonly DeclaredJob[];
  /** Secrets that the stack can't make itself. */
  readonly givenSecrets: readonly GivenSecret[];
}

/**
 * What a definition means, every default and derivation worked out, nothing of the
 * machine it will run on. Builder and agent both start from it.
 */
export interface Model extends BareModel {
  /** The components that it has, of all that there are. */
  readonly components: readonly ComponentSpec[];
  /** Debian packages of the template, sorted, each once. */
  readonly packages: readonly string[];
  /** Where packages may come from, of the components whose needn't be Debian's. */
  readonly packageSources: readonly (PackageSources & { readonly component: DependencyName })[];
  /** What versions it is asked to have. */
  readonly versions: readonly (VersionAsked & { readonly component: ComponentName })[];
  /** What components ask of the memory. */
  readonly memory: readonly (MemoryClaim & { readonly component: DependencyName })[];
  /** Its health checks, in the order in which health shows them. */
  readonly checks: readonly CheckModel[];
  readonly users: readonly User[];
  readonly packagedAccounts: readonly PackagedAccount[];
  readonly secrets: readonly SecretSpec[];
  readonly ports: readonly PortUse[];
  /** What runs of the parts that say so. */
  readonly processes: readonly (Process & { readonly component: ComponentName; readonly memoryFile?: string })[];
  readonly units: readonly UnitSpec[];
  readonly files: readonly FileEntry[];
  /** Folders of the databases' data. */
  readonly data: readonly DataFolder[];
}

/** What a stack asks of a package's version. */
export interface VersionAsked {
  /** How a person calls it. */
  readonly what: string;
  readonly package: string;
  /** Upstream's, `3.12`. */
  readonly least: string;
  /** The setting of stack.yaml that asks for it. */
  readonly setting?: string;
}

export interface ComponentSpec {
  readonly name: DependencyName;
  /** What people call it. */
  readonly label: string;
  /** `componentType` of a health document (draft-inadarei-api-health-check-06, 4.2). */
  readonly kind: "datastore" | "component";
  /** What a first boot does for it, a clause. */
  readonly firstBoot?: string;
  /** Its servers are somebody else's: nothing of it is on this machine. */
  readonly external?: true;
  /** Its server here is one of three. */
  readonly clustered?: true;
}

export interface CheckModel extends CheckSpec {
  readonly name: CheckName;
  /** Whose state it is: a component's, a service's, a part's of the machine. */
  readonly component: string;
  /** `componentType` of a health document. */
  readonly kind: ComponentSpec["kind"] | "system";
}

/** Where a database has its data. A volume may be mounted there: fresh, it is empty and root's. */
export interface DataFolder {
  readonly component: DependencyName;
  readonly path: string;
  readonly mode: number;
  /** `user:group`, by name. */
  readonly owner: string;
  /** Folders in it that the server alone writes, all of it its own. */
  readonly holds: readonly string[];
  /** MiB of the volume that is mounted there; undefined: it lies on the root disk. */
  readonly volume?: number;
}

export interface Paths {
  /** `/etc/NAME`: env files of the services. */
  readonly config: string;
  /** `/opt/NAME`: venvs and applications. */
  readonly opt: string;
  /** `/etc/stack-agent/stack.yaml`: the definition in force. */
  readonly definition: string;
  /** `/usr/share/stack-agent`: templates, migrations, the template's own manifest; of the release in force. */
  readonly share: string;
  /** `/var/lib/stack-agent`: state and secrets. */
  readonly state: string;
  /** `/run/stack-agent`: progress, stale markers. */
  readonly run: string;
  /** `/opt/stack-agent`: the releases, each with node, bundle, addon (stack/agent-releases.ts). */
  readonly agent: string;
}

/** A static system user with a group of the same name and number, made by systemd-sysusers. */
export interface User {
  readonly name: string;
  /** In every template; a host that has given it to another takes the next. */
  readonly id: number;
  readonly comment: string;
  readonly home: string;
  /** Further groups, which sysusers makes too. */
  readonly groups: readonly Group[];
}

export interface Group {
  readonly name: string;
  readonly id: number;
}

/**
 * What a package's own scripts would make. In a template it is there before them, so that its
 * number does not follow the order of packages; on a host it is the packages' affair.
 */
export interface PackagedAccount extends Group {
  /** As the package wants it; undefined: a group alone. */
  readonly user?: {
    readonly home: string;
    readonly comment?: string;
    /** Default nologin. */
    readonly shell?: string;
    /** Number of a static group of Debian's, where it has none of its own. */
    readonly group?: number;
  };
  /** Further groups, which sysusers makes too. */
  readonly groups?: readonly Group[];
}

/** Stable name of a secret, `COMPONENT.PURPOSE`, e.g. `redis.auth`. */
export type SecretName = string;

export interface SecretSpec {
  readonly name: SecretName;
  /** Who but root may read its file: the agent's user, or nobody. */
  readonly reader: "root" | "agent";
  readonly purpose: string;
  /** Who checks it must restart for another value: it is rotated apart from those that change while all runs. */
  readonly restarts?: true;
  /** All members of the cluster have the same: it comes with `stack-agent cluster init` and `join`. */
  readonly shared?: true;
}

/** A program that is run by a schedule, as a oneshot of its own. */
export interface DeclaredJob {
  readonly name: string;
  /** Five cron fields, in the stack's time zone. */
  readonly schedule: string;
  /** As `ExecStart=` takes it. */
  readonly command: string;
  readonly user: string;
  /** Seconds. */
  readonly timeout: number;
  readonly unit: string;
  /** Whose account it has: it finds settings, secrets and folder as the service does. */
  readonly service?: ServiceModel;
}

/** A secret that somebody gives, whose services run without it until then. */
export interface GivenSecret {
  /** Its file's and its credential's; it has no dot, as all secrets of the stack's own have. */
  readonly name: SecretName;
  readonly description: string;
  /** Services that get it. */
  readonly services: readonly Pick<ServiceModel, "name" | "unit" | "user">[];
  /** They are restarted for another value; else they watch its file. */
  readonly restart: boolean;
  /** The agent reads it too; else root alone does. */
  readonly reader?: "agent";
}

export interface PortUse {
  readonly port: number;
  /** Component or service that listens. */
  readonly owner: string;
  readonly what: string;
  /** `any` answers from outside, `members` the machines of the cluster, `loopback` only inside the container. */
  readonly bind: "any" | "members" | "loopback";
  /** systemd listens, and starts the server when somebody comes. */
  readonly activated?: true;
}

export interface UnitSpec {
  readonly unit: string;
  readonly component: ComponentName;
  /**
   * `enabled`: started at boot; `disabled`: not; `masked`: can't be started at all.
   * A container's first boot only ever enables, so the builder makes all three true.
   */
  readonly want: "enabled" | "disabled" | "masked";
  /** Where an enabled unit's symlink goes, e.g. `multi-user.target`. Needed with `enabled`. */
  readonly wantedBy?: string;
  /** True where the agent keeps the unit running; false for oneshots, sockets of others, targets. */
  readonly running?: boolean;
}

/** One file, folder or link of the container, and who keeps it. */
export interface FileEntry {
  readonly path: string;
  readonly component: ComponentName;
  readonly kind: "file" | "directory" | "symlink";
  /** Of a file: the template's path in the tree of templates, `units/…` or `rootfs-overlay/…`. */
  readonly template?: string;
  /** Of a symlink: what it points to. */
  readonly target?: string;
  readonly mode: number;
  /** `user:group`, by name. */
  readonly owner: string;
  /** `build`: baked into the template; `boot`: written by the agent (it knows memory and secrets). */
  readonly when: "build" | "boot";
  /** A baked file that must be there before packages are unpacked: it says how. */
  readonly beforePackages?: true;
  /** The unit that must be restarted when the file changes, or several. */
  readonly unit?: string | readonly string[];
  /** Template variables beside `stack`, `budget`, `secret`. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface ServiceDependency {
  readonly name: DependencyName;
  readonly kind: ComponentSpec["kind"];
  /** The health check that proves it works, as health documents name it. */
  readonly check?: CheckName;
  /** `HOST:PORT` each. */
  readonly addresses: readonly string[];
  /** Name of the credential that it is logged in to with; none where it wants none. */
  readonly credential?: string;
}

export interface ServiceModel {
  readonly name: string;
  readonly port: number;
  readonly user: string;
  /** Number of its user and group. */
  readonly id: number;
  readonly unit: string;
  /** The unit that holds its port; undefined: it listens by itself. */
  readonly socket?: string;
  /** Run as `python -m MODULE`; undefined: the service is not Python. */
  readonly module?: string;
  /** Program and arguments, below the folder of the release in force. */
  readonly command: readonly string[];
  /** Path on its port by which the agent asks for its health. */
  readonly health: string;
  readonly notify: boolean;
  readonly needs: readonly DependencyName[];
  /** Units of the components it needs. */
  readonly after: readonly string[];
  /** The virtual environment that the template brings; undefined where it is not Python. */
  readonly venv?: string;
  /** Its releases are in it, and the link to the one in force (stack/releases.ts). */
  readonly folder: string;
  readonly envFile: string;
  /** What it needs, and where that is: a table for who knows no more of it. */
  readonly dependencies: readonly ServiceDependency[];
  /** Settings by which it finds what it needs. */
  readonly environment: readonly Variable[];
  /** Credential's name → secret that systemd hands to the service. */
  readonly credentials: readonly Credential[];
  /** Secrets from outside that systemd hands to it, under their own names; a line end until one is set. */
  readonly givenSecrets: readonly SecretName[];
  /** Where requirements and source come from on the workstation: `reference`, or a folder beside stack.yaml. */
  readonly source: string;
}
