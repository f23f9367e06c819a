import type { Suite } from "../../../stack/debian.ts";

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

/**
 * By the release that they are for. Debian 13's RabbitMQ needs Erlang 26 or later, and its Erlang
 * wants GLIBC_2.38 and OPENSSL_3.4.0, which Debian 12 has not; Debian's source has no other reason
 * to be compiled anew (measured: 28 ELF files in 14 packages, and all of RabbitMQ works).
 */
export const relocations: Readonly<Partial<Record<Suite, Relocation>>> = {
  bookworm: {
    from: "trixie",
    ready: "rabbitmq-server",
    moved: /^erlang-/,
    // gcc-14-base has the copyright of two of the others.
    libraries: ["gcc-14-base", "libc6", "libgcc-s1", "libssl3t64", "libstdc++6", "libzstd1"],
    needless: ["openssl-provider-legacy"],
    package: "stack-trixie-libraries",
    folder: "/usr/lib/stack-trixie-libraries",
    suffix: "~relocated12+1",
  },
};
