/** What of the RabbitMQ team's apt repositories a release takes; amd64 only. */
export interface VendorRepositories {
  /** The team's own mirrors, of the same content: the first that answers is used. */
  readonly mirrors: readonly string[];
  /** Their key, ASCII-armoured. */
  readonly key: string;
  /** Below a mirror, by Debian's release; empty where the team has none. */
  readonly paths: Readonly<Record<string, readonly string[]>>;
}

/**
 * Fingerprint of the one key that both repositories are signed with, as the RabbitMQ team
 * publishes it; Debian's source package rabbitmq-server has the key as
 * debian/upstream/signing-key.asc.
 */
export const vendorFingerprint = "0A9AF2115F4687BD29803A206B73A36E6026DFCA";

/** Debian 12's Erlang is too old for them, so they have one for it; Debian 13's is not. */
export const vendorMirrors = ["https://deb1.rabbitmq.com", "https://deb2.rabbitmq.com"] as const;
export const vendorPaths = {
  bookworm: ["rabbitmq-erlang/debian", "rabbitmq-server/debian"],
  trixie: ["rabbitmq-server/debian"],
} as const;

/** The Erlang that every RabbitMQ of these repositories runs on: 28 is for new clusters only. */
const erlangVersions = "1:27.*";

/** sources.list.d's text (deb822): the key is in it, so that nothing else is trusted for it. */
export function vendorSources(
  releases: readonly { readonly uri: string; readonly suite: string }[],
  key: string,
): string {
  const signedBy = key
    .trimEnd()
    .split("\n")
    .map((line) => ` ${line === "" ? "." : line}\n`)
    .join("");
  return releases
    .map(
      ({ uri, suite }) =>
        `Types: deb\nURIs: ${uri}\nSuites: ${suite}\nComponents: main\nArchitectures: amd64\nSigned-By:\n${signedBy}`,
    )
    .join("\n");
}

/** apt_preferences(5): of these repositories RabbitMQ and its Erlang, and nothing else. */
export const vendorPreferences = `# RabbitMQ and Erlang ${erlangVersions.replace(/^1:|\.\*$/g, "")} come from the RabbitMQ team; nothing else does.
Package: rabbitmq-server
Pin: release o=RabbitMQ
Pin-Priority: 990

Package: erlang-*
Pin: version ${erlangVersions}
Pin-Priority: 990

Package: *
Pin: release o=RabbitMQ
Pin-Priority: -1
`;
