import type { Addressing } from "../../lib/lxc/merge-interfaces.ts";
import { run } from "../../lib/run.ts";

export interface GuestSpec {
  readonly vmid: number;
  /** Path of the template's file. */
  readonly template: string;
  readonly hostname: string;
  readonly mac: string;
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
  /** Its power is cut. */
  stop(vmid: number): Promise<void>;
  shutdown(vmid: number): Promise<void>;
  /** What its next start has. */
  configure(vmid: number, network: Pick<GuestSpec, "addressing" | "mac">): Promise<void>;
  /** The words that run a command in it as its root, before that command; undefined: there is none to run it in. */
  attach(vmid: number): readonly string[] | undefined;
  destroy(vmid: number): Promise<void>;
  /** Of its eth0, with their prefix length, as `ip address` lists them: IPv6's global ones before its link's. */
  addresses(vmid: number): Promise<readonly string[]>;
}

/**
 * No containers at all, for tests of the protocol: what is started never has an address, so
 * nothing that is deployed here can ever seem healthy.
 */
export const paperGuests: Guests = {
  create: async ({ template }, log) => {
    // What can't be unpacked fails here too, in tar's words.
    const { code, stderr } = await run("tar", ["-tf", template], { accept: [0, 1, 2] });
    for (const line of stderr.split("\n").filter((text) => text !== "")) log(line);
    if (code !== 0) throw new Error(`command 'lxc-usernsexec -- tar xpf - -z' failed: exit code ${code}`);
    log("no container is made: this is paper");
  },
  start: async () => {},
  stop: async () => {},
  shutdown: async () => {},
  configure: async () => {},
  attach: () => undefined,
  destroy: async () => {},
  addresses: async () => [],
};
