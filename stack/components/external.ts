/** Servers that are there already, and no part of the stack. */
export interface ExternalServers {
  /** In the order in which they are named. */
  readonly addresses: readonly ServerAddress[];
  /** Certificates, PEM, by which a server's own is known for right; undefined: no TLS. */
  readonly ca?: string;
}

export interface ServerAddress {
  readonly host: string;
  readonly port: number;
}

/** Where Debian has those of all authorities that it knows. */
export const knownAuthorities = "/etc/ssl/certs/ca-certificates.crt";

/** As `addresses` of stack.yaml have it. */
export const addressPattern = /^([A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::([1-9]\d{0,4}))?$/;

interface ExternalSettings {
  readonly addresses: readonly string[];
  readonly tls: boolean;
  readonly ca?: string | undefined;
}

/** What such settings mean. */
export function externalServers(
  { addresses, tls, ca }: ExternalSettings,
  defaultPort: number,
  tlsPort = defaultPort,
): ExternalServers {
  return {
    addresses: addresses.map((text) => addressOf(text, tls ? tlsPort : defaultPort)),
    ...(tls && { ca: ca ?? knownAuthorities }),
  };
}

/** @param text matches `addressPattern`: the schema has seen to that */
export function addressOf(text: string, defaultPort: number): ServerAddress {
  const [, host = text, port] = addressPattern.exec(text) ?? [];
  return { host: host.replace(/^\[|\]$/g, ""), port: port === undefined ? defaultPort : Number(port) };
}

/** `HOST:PORT`, an IPv6 address in brackets. */
export function addressText({ host, port }: ServerAddress): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** All of them, for a sentence. */
export function addressesText({ addresses }: ExternalServers): string {
  return addresses.map(addressText).join(", ");
}
