/** Where a SSH server is and who logs in there. */
export interface SshAddress {
  readonly user: string;
  /** A name or an address, an IPv6 one without its brackets. */
  readonly host: string;
  readonly port: number;
}

/**
 * `root@pve1:2222`, `pve1`, `ann@[fd00::2]:2222`, `root@fd00::2`, `root@fe80::2%eth0`. Without a user
 * it is root, without a port 22; undefined where it is none.
 */
export function sshAddress(text: string): SshAddress | undefined {
  const [, user = "root", place = ""] = /^(?:([A-Za-z_][A-Za-z0-9_.-]*)@)?(.+)$/.exec(text) ?? [];
  const isBare = !place.startsWith("[") && place.split(":").length > 2;
  const form = /^(\[[0-9a-fA-F:.]+(?:%[\w.-]+)?\]|[A-Za-z0-9][A-Za-z0-9.-]*)(?::(\d{1,5}))?$/;
  const [, host, port = "22"] = form.exec(isBare ? `[${place}]` : place) ?? [];
  if (host === undefined || Number(port) > 65_535 || Number(port) === 0) return undefined;
  return { user, host: host.replace(/^\[|\]$/g, ""), port: Number(port) };
}

/** As it is typed: `root@pve1`, `root@[fd00::2]:2222`. */
export function sshAddressText({ user, host, port }: SshAddress): string {
  const at = host.includes(":") ? `[${host}]` : host;
  return `${user}@${at}${port === 22 ? "" : `:${port}`}`;
}

/** The command that logs in there: ssh(1) takes neither brackets nor a port in its address. */
export function sshCommand({ user, host, port }: SshAddress): string {
  return `ssh ${port === 22 ? "" : `-p ${port} `}${user}@${host}`;
}
