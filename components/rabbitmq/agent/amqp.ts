import type { ChannelModel } from "amqplib";
import { memberTls } from "../../../engine/cluster/member-tls.ts";
import { verifiedTls } from "../../../engine/verified-tls.ts";
import { abortable } from "../../../lib/abortable.ts";
import { firstOf } from "../../../lib/first-of.ts";
import type { ClusterModel } from "../../../stack/components/cluster/model.ts";
import type { ExternalServers, ServerAddress } from "../../../stack/components/external.ts";
import { wellKnownPorts } from "../../../stack/components/well-known-ports.ts";
import { loopback } from "../../../stack/loopback.ts";

export interface AmqpLogin {
  /** Somebody else's brokers, in the place of host and port: whichever answers first. */
  readonly external?: ExternalServers | undefined;
  /** Default: loopback. */
  readonly host?: string;
  readonly port: number;
  readonly vhost: string;
  readonly user: string;
  readonly password: string;
}

export interface AmqpConnection {
  readonly model: ChannelModel;
  /** True once the line is broken: open another. */
  broken(): boolean;
  /** Why the broker holds back publishers (memory or disk alarm), undefined while it doesn't. */
  blocked(): string | undefined;
  /** Ends it at once, without a word to the broker. */
  drop(): void;
  /** Says goodbye first. */
  close(): Promise<void>;
}

/** Seconds; the broker closes a line that is silent for twice as long. */
const HEARTBEAT = 30;

/**
 * Opens a connection. It never reconnects by itself. The driver is loaded here
 * and not before.
 *
 * @throws the socket's error (ECONNREFUSED), amqplib's (`ACCESS_REFUSED`, code 403), the signal's reason
 */
export function openAmqp({ external, ...login }: AmqpLogin, signal: AbortSignal): Promise<AmqpConnection> {
  if (external === undefined) return openOne(login, signal);
  const { addresses, ca } = external;
  const open = async ({ host, port }: ServerAddress, limited: AbortSignal): Promise<AmqpConnection> => {
    const tls = ca === undefined ? undefined : await verifiedTls(host, ca);
    return openOne({ ...login, host, port, ...(tls && { tls }) }, limited);
  };
  return firstOf(addresses, signal, open, (connection) => connection.drop());
}

/**
 * The same of whichever of the cluster's brokers answers first.
 *
 * @throws as `openAmqp`; StackError `not-a-member`
 */
export function openMember(
  cluster: ClusterModel,
  login: Omit<AmqpLogin, "external" | "host" | "port">,
  signal: AbortSignal,
): Promise<AmqpConnection> {
  const open = async ({ address: host }: { readonly address: string }, limited: AbortSignal) =>
    openOne({ ...login, host, port: wellKnownPorts.amqps, tls: await memberTls(cluster, host) }, limited);
  return firstOf(cluster.nodes, signal, open, (connection) => connection.drop());
}

async function openOne(
  login: Omit<AmqpLogin, "external"> & { readonly tls?: object },
  signal: AbortSignal,
): Promise<AmqpConnection> {
  const { connect } = await import("amqplib");
  // The socket's own signal: amqplib has no way to break off a handshake.
  const line = new AbortController();
  let broken = false;
  let blocked: string | undefined;
  const drop = (): void => {
    broken = true;
    line.abort();
  };
  const { host = loopback, user: username, password, port, vhost, tls } = login;
  const url = {
    protocol: tls === undefined ? "amqp" : "amqps",
    hostname: host,
    port,
    username,
    password,
    vhost,
    heartbeat: HEARTBEAT,
  };
  const socket = { ...tls, signal: line.signal, noDelay: true, clientProperties: { connection_name: "stack-agent" } };
  const model = await abortable(connect(url, socket), signal, drop);
  const note = (): void => {
    broken = true;
  };
  model.on("error", note);
  model.on("close", note);
  model.on("blocked", (reason: string) => {
    blocked = reason;
  });
  model.on("unblocked", () => {
    blocked = undefined;
  });
  return {
    model,
    broken: () => broken,
    blocked: () => blocked,
    drop,
    close: async () => {
      if (!broken) await model.close().catch(() => {});
      drop();
    },
  };
}
