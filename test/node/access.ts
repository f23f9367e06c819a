import { randomUUID, timingSafeEqual } from "node:crypto";
import { createAcl } from "./acl.ts";
import { ApiFault } from "./api-fault.ts";

/** Privileges by path; `*` is all there are. */
export type Acl = Readonly<Record<string, readonly string[]>>;

export const everything: Acl = { "/": ["*"] };

interface Ticket {
  readonly user: string;
  readonly csrf: string;
  valid: boolean;
}

/** Users, tokens and tickets of a stand-in: who asks, and what they may do. */
export function createAccess() {
  const secrets = new Map<string, string>();
  const acl = createAcl();
  const tickets = new Map<string, Ticket>();

  const grant = (who: string, privileges: Acl): void => {
    for (const [path, list] of Object.entries(privileges)) {
      const role = list.includes("*") ? "Administrator" : `of-${who}-on-${path}`;
      if (role !== "Administrator") acl.addRole(role, list);
      acl.give(path, [who], [role]);
    }
  };

  return {
    ...acl,
    addUser: (user: string, password: string, privileges: Acl = everything): void => {
      secrets.set(user, password);
      grant(user, privileges);
    },
    /**
     * @param shared its privileges are all of its user's (privsep 0)
     * @returns the token as PROXMOX_TOKEN wants it
     */
    addToken: (id: string, privileges: Acl = everything, { shared = false } = {}): string => {
      const secret = randomUUID();
      secrets.set(id, secret);
      if (shared) acl.share(id);
      grant(id, privileges);
      return `${id}=${secret}`;
    },
    login: (user: string, password: string): { ticket: string; CSRFPreventionToken: string; username: string } => {
      const known = secrets.get(user);
      if (user.includes("!") || known === undefined || !same(known, password)) {
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
      const known = secrets.get(id);
      if (known === undefined || !same(known, secret)) throw new ApiFault(401, "Authentication failed!");
      return id;
    },
    ticketUser: (value: string, csrf: string | undefined, writes: boolean): string => {
      const ticket = tickets.get(value);
      if (ticket === undefined || !ticket.valid) throw new ApiFault(401, "permission denied - invalid PVE ticket");
      if (writes && csrf !== ticket.csrf) throw new ApiFault(401, "Permission denied - invalid csrf token");
      return ticket.user;
    },
    /** @throws ApiFault 403 in Proxmox's words */
    demand: (user: string, path: string, ...needed: readonly string[]): void => {
      const has = acl.held(user, path);
      if (needed.every((one) => has.includes(one))) return;
      throw new ApiFault(403, `Permission check failed (${path}, ${needed.join("|")})`);
    },
    may: (user: string, path: string, ...anyOf: readonly string[]): boolean => {
      const has = acl.held(user, path);
      return anyOf.some((one) => has.includes(one));
    },
  };
}

export type Access = ReturnType<typeof createAccess>;

function same(a: string, b: string): boolean {
  const [x, y] = [Buffer.from(a), Buffer.from(b)];
  return x.length === y.length && timingSafeEqual(x, y);
}
