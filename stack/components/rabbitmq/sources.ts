import type { Suite } from "../../debian.ts";
import type { AptSource, PackageSource, RelocatedSource } from "../../package-sources.ts";

/** The RabbitMQ team's signed repositories. Debian 12's Erlang is too old for them, so they have one for it; Debian 13's is not. */
const vendor: AptSource = {
  kind: "apt",
  whose: "the RabbitMQ team's",
  vendor: "rabbitmq",
  mirrors: ["https://deb1.rabbitmq.com", "https://deb2.rabbitmq.com"],
  paths: {
    bookworm: ["rabbitmq-erlang/debian", "rabbitmq-server/debian"],
    trixie: ["rabbitmq-server/debian"],
  },
  key: "stack/components/rabbitmq/rabbitmq-team.asc",
  // As the team publishes it; Debian's source package rabbitmq-server has the key as debian/upstream/signing-key.asc.
  fingerprint: "0A9AF2115F4687BD29803A206B73A36E6026DFCA",
  // 27 is the Erlang that every RabbitMQ of these repositories runs on: 28 is for new clusters only.
  pins: `# RabbitMQ and Erlang 27 come from the RabbitMQ team; nothing else does.
Package: rabbitmq-server
Pin: release o=RabbitMQ
Pin-Priority: 990

Package: erlang-*
Pin: version 1:27.*
Pin-Priority: 990

Package: *
Pin: release o=RabbitMQ
Pin-Priority: -1
`,
};

/**
 * Debian 13's RabbitMQ needs Erlang 26 or later, and its Erlang wants GLIBC_2.38 and OPENSSL_3.4.0,
 * which Debian 12 has not; Debian's source has no other reason to be compiled anew (measured: 28 ELF
 * files in 14 packages, and all of RabbitMQ works).
 */
const relocated: RelocatedSource = {
  kind: "relocated",
  whose: "the next Debian's",
  relocations: {
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
  },
};

/** Where RabbitMQ's packages may come from. */
export const rabbitmqSources = { vendor, relocated, debian: { kind: "debian" } } as const satisfies Readonly<
  Record<string, PackageSource>
>;
export type RabbitmqSource = keyof typeof rabbitmqSources;

export const rabbitmqSourceNames = ["vendor", "relocated", "debian"] as const satisfies readonly RabbitmqSource[];

/** What a definition that names no source means: Debian 12's own RabbitMQ is too old. */
export const defaultSources: Readonly<Record<Suite, readonly RabbitmqSource[]>> = {
  bookworm: ["relocated"],
  trixie: ["debian"],
};
