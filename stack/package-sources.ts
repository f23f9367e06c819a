import type { Suite } from "./debian.ts";

/** A place that a component's packages may come from. */
export type PackageSource = DebianSource | AptSource | RelocatedSource | FilesSource;

/** What a person reads of a source, and what a scanner does. */
interface Publisher {
  /** Whose its packages are, e.g. `the RabbitMQ team's`. */
  readonly whose: string;
  /** purl's namespace of who publishes them. */
  readonly vendor: string;
}

/** The base's own archive. */
export interface DebianSource {
  readonly kind: "debian";
}

/** Somebody's signed apt repositories; they stay in the template: updates come from there. */
export interface AptSource extends Publisher {
  readonly kind: "apt";
  /** Mirrors of the same content: the first that answers is used. */
  readonly mirrors: readonly string[];
  /** Repositories below a mirror, by Debian's release; none where there are none for it. amd64 only. */
  readonly paths: Readonly<Partial<Record<Suite, readonly string[]>>>;
  /** The one key that all are signed with: its file, ASCII-armoured, by its path in this project. */
  readonly key: string;
  /** Of the key, upper-case hex, as who publishes it says. */
  readonly fingerprint: string;
  /** apt_preferences(5): what is taken from there, and that nothing else is. */
  readonly pins: string;
}

/** The next Debian's, with the libraries that they need beside them. */
export interface RelocatedSource {
  readonly kind: "relocated";
  readonly whose: string;
  /** By the release that they are for; none: it has new ones itself. */
  readonly relocations: Readonly<Partial<Record<Suite, Relocation>>>;
}

/** What an older release takes from a newer one whose C library it has not. */
export interface Relocation {
  /** The release whose packages they are. */
  readonly from: Suite;
  /** The package that is wanted, of architecture all: taken as it is. */
  readonly ready: string;
  /** Of what that depends on, the packages whose programs are told to use the newer libraries. */
  readonly moved: RegExp;
  /** The packages those libraries are taken from, and none of whose dependencies are met by the older release. */
  readonly libraries: readonly string[];
  /** What the libraries' packages ask for that programs of `moved` have no use for. */
  readonly needless: readonly string[];
  /** The package of ours that the libraries lie in, and their folder. */
  readonly package: string;
  readonly folder: string;
  /** What moved packages' versions end in: older than the newer release's own, so that an upgrade to it replaces them. */
  readonly suffix: string;
}

/** Packages by their addresses, each compared with its digest: for who has no apt repository. */
export interface FilesSource extends Publisher {
  readonly kind: "files";
  readonly files: Readonly<Partial<Record<Suite, readonly PackageFile[]>>>;
}

export interface PackageFile {
  readonly name: string;
  readonly version: string;
  /** https:// */
  readonly url: string;
  /** Hex. */
  readonly sha256: string;
}

/** Where a component's packages may come from in this stack. */
export interface PackageSources {
  /** How a person calls what comes. */
  readonly label: string;
  /** The package by whose version a source is chosen. */
  readonly package: string;
  /** What is asked for, upstream's version; an older one is taken where there is no other. */
  readonly least: string;
  /** Names of sources in the order in which they are asked. */
  readonly asked: readonly string[];
  /** The setting of stack.yaml that says so, e.g. `rabbitmq.sources`. */
  readonly setting: string;
  /** All that there are. */
  readonly of: Readonly<Record<string, PackageSource>>;
}
