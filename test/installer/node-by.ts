import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Test } from "tap";
import type { Target } from "../../installer/node/connect.ts";
import { hostKey, knownHostsLine } from "../../installer/ssh/known-hosts.ts";
import type { Way } from "../../installer/transports/transport.ts";
import type { RunOptions } from "../../lib/run.ts";
import { openShellDoor, type ShellFaults } from "../node/shell-door.ts";
import { openSshServer } from "../node/ssh-server.ts";
import { type DeployHow, type PaperNode, paperNode } from "./paper-node.ts";

/** What differs from way to way. */
interface Over {
  readonly target: Partial<Target>;
  /** Flags and environment that make the program take this way. */
  readonly flags: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Of requests as "POST /nodes/pve1/lxc". */
  readonly faults: ShellFaults;
  readonly cutUploadAfter: (bytes: number) => void;
  /** The node's power is cut, as seen from outside. */
  readonly leave: () => Promise<void>;
  readonly back: () => Promise<void>;
  /** How often a file was asked to be taken; over a shell nothing but that looks for room. */
  readonly uploads: () => number;
}

/** A node on paper that is reached over one of the ways. */
export async function nodeBy(t: Test, way: Way) {
  const paper = await paperNode(t);
  const over = await openers[way](t, paper);
  return {
    ...paper,
    ...over,
    way,
    environment: { ...paper.environment, ...over.env },
    asked: (request: RegExp): number => paper.node.state.carriedOut.filter((what) => request.test(what)).length,
    connect: (signal?: AbortSignal) => paper.connect({ target: over.target, ...(signal !== undefined && { signal }) }),
    deploy: (path: string, how: DeployHow = {}) =>
      paper.deploy(path, { ...how, target: { ...over.target, ...how.target } }),
    begin: (args: readonly string[]) => paper.begin([...args, ...over.flags], over.env),
    cli: (args: readonly string[], more: RunOptions = {}) =>
      paper.cli([...args, ...over.flags], { ...more, env: { ...over.env, ...more.env } }),
  };
}

export type NodeBy = Awaited<ReturnType<typeof nodeBy>>;

const openers: Readonly<Record<Way, (t: Test, paper: PaperNode) => Promise<Over>>> = {
  api: async (_t, { door, to, node }) => ({
    target: {},
    flags: ["--to", to],
    env: {},
    faults: door.faults,
    cutUploadAfter: (bytes) => {
      door.faults.cutUploadAfter = bytes;
    },
    leave: door.close,
    back: door.reopen,
    uploads: () => node.state.carriedOut.filter((what) => what.endsWith("/upload")).length,
  }),

  ssh: async (t, paper) => {
    const { folder } = paper;
    let cut = (): void => {};
    const door = await openShellDoor(paper.node, join(folder, "door"), () => cut());
    const environment = { PATH: `${door.bin}:/usr/bin:/bin`, XDG_CACHE_HOME: join(folder, "cache") };
    const server = await openSshServer({ folder: join(folder, "sshd"), environment });
    cut = server.cut;
    t.teardown(async () => {
      await server.close().catch(() => {});
      await door.close();
    });
    // What a user has who has logged in there before.
    const home = join(folder, ".ssh");
    await mkdir(home, { mode: 0o700 });
    await copyFile(server.identity, join(home, "id_ed25519"));
    const [, key = ""] = (await readFile(server.hostKeys[0], "utf8")).split(" ");
    const line = knownHostsLine("127.0.0.1", server.port, hostKey(Buffer.from(key, "base64")));
    await writeFile(join(home, "known_hosts"), `${line}\n`);
    const to = `root@127.0.0.1:${server.port}`;
    const login = { identities: [], usual: [server.identity] };
    return {
      target: { to, credentials: { kind: "ssh", login, knownHosts: [join(home, "known_hosts")] }, caFile: undefined },
      flags: ["--to", to],
      env: { PROXMOX_TOKEN: undefined },
      faults: door.faults,
      cutUploadAfter: (bytes) => {
        server.faults.cutAfter = bytes;
      },
      leave: server.close,
      back: server.reopen,
      uploads: () => door.looks.room,
    };
  },

  local: async (t, paper) => {
    const door = await openShellDoor(paper.node, join(paper.folder, "door"));
    const before = process.env.PATH;
    const PATH = `${door.bin}:${before}`;
    process.env.PATH = PATH;
    t.teardown(async () => {
      process.env.PATH = before;
      await door.close();
    });
    const none = (): never => {
      throw new Error("there is no connection to oneself");
    };
    return {
      target: { to: "", credentials: { kind: "local" }, caFile: undefined },
      flags: [],
      env: { PATH, PROXMOX_TOKEN: undefined },
      faults: door.faults,
      cutUploadAfter: none,
      leave: none,
      back: none,
      uploads: () => door.looks.room,
    };
  },
};
