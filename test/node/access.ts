import { randomUUID, timingSafeEqual } from "node:crypto";
import { ApiFault } from "./api-fault.ts";

/** Privileges by path; `*` is all there are. The deepest path that has an entry counts. */
export type Acl = Readonly<Record<string, readonly string[]>>;

export const everything: Acl = { "/": ["*"] };

/** Every privilege the stand-in speaks of. */
const privileges = [
  "Datastore.Allocate",
  "Datastore.AllocateSpace",
  "Datastore.AllocateTemplate",
  "Datastore.Audit",
  "SDN.Use",
  "Sys.Audit",
  "VM.Allocate",
  "VM.Audit",
  "VM.Config.CPU",
  "VM.Config.Disk",
  "VM.Config.Memory",
  "VM.Config.Network",
  "VM.Config.Options",
  "VM.PowerMgmt",
] as const;

interface Ticket {
  readonly user: string;
  readonly csrf: string;
  valid: boolean;
}

/** Users, tokens and tickets of a stand-in: who asks, and what they may do. */
export function createAccess() {
  const accounts = new Map<string, { readonly secret: string; readonly acl: Acl }>();
  const tickets = new Map<string, Ticket>();

  const held = (user: string, path: string): readonly string[] => {
    // Nothing is ever denied to it (PVE::RPCEnvironment).
    if (user === "root@pam") return privileges;
    const acl = accounts.get(user)?.acl ?? {};
    for (let at = path; ; at = at.replace(/\/[^/]*$/, "") || "/") {
      const found = acl[at];
      if (found !== undefined) return found.includes("*") ? privileges : found;
      if (at === "/") return [];
    }
  };

  return {
    addUser: (user: string, password: string, acl: Acl = everything): void => {
      accounts.set(user, { secret: password, acl });
    },
    /** @returns the token as PROXMOX_TOKEN wants it */
    addToken: (id: string, acl: Acl = everything): string => {
      const secret = randomUUID();
      accounts.set(id, { secret, acl });
      return `${id}=${secret}`;
    },
    login: (user: string, password: string): { ticket: string; CSRFPreventionToken: string; username: string } => {
      const account = accounts.get(user);
      if (user.includes("!") || account === undefined || !same(account.secret, password)) {
        throw new ApiFault(401, "authentication failure");
      }
      const ticket = `PVE:${user}:${randomUUID().slice(0, 8).toUpperCase()}::${randomUUID()}==`;
      const csrf = `${randomUUID().slice(0, 8).toUpperCase()}:${randomUUID()}`;
      tickets.set(ticket, { user, csrf, valid: true });
      return { ticket, CSRFPreventionToken: csrf, username: user };
    },
    /** As the clock does after two hours. */
    expireTickets: (): void => {
      for (const ticket of tickets.values()) ticket.valid = false;
    },
    tokenUser: (header: string): string => {
      const [, id = "", secret = ""] = /^PVEAPIToken=([^=]+)=([0-9a-f-]{36})$/.exec(header) ?? [];
      const account = accounts.get(id);
      if (account === undefined || !same(account.secret, secret)) throw new ApiFault(401, "Authentication failed!");
      return id;
    },
    ticketUser: (value: string, csrf: string | undefined, writes: boolean): string => {
      const ticket = tickets.get(value);
      if (ticket === undefined || !ticket.valid) throw new ApiFault(401, "permission denied - invalid PVE ticket");
      if (writes && csrf !== ticket.csrf) throw new ApiFault(401, "Permission denied - invalid csrf token");
      return ticket.user;
    },
    held,
    /** @throws ApiFault 403 in Proxmox's words */
    demand: (user: string, path: string, ...needed: readonly string[]): void => {
      const has = held(user, path);
      if (needed.every((one) => has.includes(one))) return;
      throw new ApiFault(403, `Permission check failed (${path}, ${needed.join("|")})`);
    },
    may: (user: string, path: string, ...anyOf: readonly string[]): boolean => {
      const has = held(user, path);
      return anyOf.some((one) => has.includes(one));
    },
  };
}

export type Access = ReturnType<typeof createAccess>;

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
