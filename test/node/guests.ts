import type { Addressing } from "../../lib/lxc/network-interfaces.ts";

export interface GuestSpec {
  readonly vmid: number;
  /** Path of the template's file. */
  readonly template: string;
  readonly hostname: string;
  readonly addressing: Addressing;
  readonly memory: number;
  readonly swap: number;
  readonly cores: number;
  readonly nesting: boolean;
  readonly sshKeys?: string;
  /** Where its volumes are mounted. */
  readonly volumes: readonly string[];
}

/** What makes a stand-in's containers: liblxc, or nothing but paper. */
export interface Guests {
  create(spec: GuestSpec, log: (line: string) => void): Promise<void>;
  start(vmid: number): Promise<void>;
  stop(vmid: number): Promise<void>;
  destroy(vmid: number): Promise<void>;
  /** Undefined while it has none. */
  address(vmid: number): Promise<string | undefined>;
}

/**
 * No containers at all, for tests of the protocol: what is started never has an address, so
 * nothing that is deployed here can ever seem healthy.
 */
export const paperGuests: Guests = {
  create: async (_spec, log) => log("no container is made: this is paper"),
  start: async () => {},
  stop: async () => {},
  destroy: async () => {},
  address: async () => undefined,
};
