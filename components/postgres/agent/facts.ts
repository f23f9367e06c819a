import type { ComponentFacts } from "../../../engine/plan/plan-files.ts";

/** A login role as pg_authid has it. */
export interface RoleFacts {
  readonly name: string;
  readonly login: boolean;
  /** Superuser, may create roles or databases, replicate or bypass row security: none of ours does. */
  readonly powerful: boolean;
  /** -1: no limit. */
  readonly connectionLimit: number;
  /** Its password is that of its secret; false for a role without one. */
  readonly passwordMatches: boolean;
  /** Roles it is a member of. */
  readonly memberOf: readonly string[];
  /** Settings that its sessions begin with, as `log_min_messages=fatal`. */
  readonly settings: readonly string[];
}

export interface DatabaseFacts {
  readonly owner: string;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** Who may do what, e.g. `stack_agent=CONNECT`; `=CONNECT` is everybody. */
  readonly grants: readonly string[];
}

export interface AppliedMigration {
  readonly version: number;
  readonly name: string;
  readonly checksum: string;
  /** A release that doesn't know it works with what it left. */
  readonly expands?: boolean;
}

/** What the server tells of itself, by the superuser's login. */
export interface ServerFacts {
  readonly roles: readonly RoleFacts[];
  /** The stack's database; undefined where there is none. */
  readonly database: DatabaseFacts | undefined;
  readonly applied: readonly AppliedMigration[];
  /** What is granted in our schemas, as `stack_agent EXECUTE FUNCTION event_store.refresh_statistics`. */
  readonly privileges: readonly string[];
}

export interface PostgresFacts {
  readonly component: ComponentFacts;
  /** The cluster is made. */
  readonly cluster: boolean;
  /** `down`: not there, or not accepting connections; `refused`: not with the password we know. */
  readonly server: ServerFacts | "down" | "refused";
  /** What a server logged last that starts again and again; undefined where it doesn't. */
  readonly lastWords?: readonly string[] | undefined;
}
