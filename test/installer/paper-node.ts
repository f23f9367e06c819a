import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Test } from "tap";
import { deploy, type Patience } from "../../installer/flow/deploy.ts";
import { connect, type Target } from "../../installer/node/connect.ts";
import { openTemplate } from "../../installer/template/open-template.ts";
import { type Credentials, credentials } from "../../installer/transports/credentials.ts";
import { wanted } from "../../installer/wanted/wanted.ts";
import { plainProgress } from "../../lib/progress/plain.ts";
import type { Progress } from "../../lib/progress/progress.ts";
import { type RunOptions, run } from "../../lib/run.ts";
import type { Acl } from "../node/access.ts";
import { openApiDoor } from "../node/api-door.ts";
import { paperGuests } from "../node/guests.ts";
import { nodeIdentity } from "../node/node-identity.ts";
import { standIn } from "../node/stand-in.ts";
import type { StandInOptions } from "../node/stand-in-state.ts";

export const vmid = 120;
export const program = resolve(import.meta.dirname, "../../installer/cli.ts");
const minimal = "name: shop\nversion: 1.0.0\nservices:\n  hello: { port: 8001 }\n";

type PaperOptions = Partial<Pick<StandInOptions, "guests" | "version" | "node" | "joins">> & {
  /** Of the node's storages; default: its own. */
  readonly storages?: string;
};

/** A node's API on paper, a template small enough to be sent many times, and the ways to deploy it. */
export async function paperNode(t: Test, options: PaperOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), "stack-installer-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const [node, identity] = [
    standIn({ folder: options.storages ?? join(folder, "node"), guests: paperGuests, ...options }),
    await nodeIdentity(join(folder, "tls")),
  ];
  const door = await openApiDoor(node, identity);
  t.teardown(() => door.close().catch(() => {}));
  const to = `127.0.0.1:${door.port}`;
  const token = (acl?: Acl): string => node.access.addToken(`root@pam!t${randomBytes(3).toString("hex")}`, acl);
  const own = token();

  const environment = {
    PATH: process.env.PATH,
    // As the program's launcher sets it: else it takes twice as long to start.
    NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE,
    HOME: folder,
    PROXMOX_TOKEN: own,
    DEPLOY_CA_FILE: identity.caFile,
  };

  return {
    ...{ folder, node, identity, door, to, token, own },
    /** Of the program. */
    environment,
    template: (definition?: string) => makeTemplate(folder, definition),
    /** Opens the API in this process. */
    connect: async (how: Pick<DeployHow, "token" | "as" | "signal" | "target"> = {}) => {
      const signal = how.signal ?? new AbortController().signal;
      const given = how.as ?? (await credentials({ environment: { PROXMOX_TOKEN: how.token ?? own } }));
      const opened = await connect({ to, credentials: given, signal, caFile: identity.caFile, ...how.target });
      t.teardown(() => opened.transport.close());
      return opened;
    },
    /** Deploys in this process, with short patience. */
    deploy: async (path: string, how: DeployHow = {}) => {
      const signal = how.signal ?? new AbortController().signal;
      const template = (await openTemplate(path, { run, signal }))(how.set ?? []);
      const given = how.as ?? (await credentials({ environment: { PROXMOX_TOKEN: how.token ?? own } }));
      const target = { to, credentials: given, caFile: identity.caFile, ...how.target };
      const { node: opened, transport } = await connect({ ...target, signal });
      try {
        const progress = how.progress ?? plainProgress(() => {});
        return await deploy({
          node: opened,
          wanted: wanted(template, vmid),
          progress,
          signal,
          resend: how.resend === true,
          patience: { task: 20_000, absence: 5000, healthy: 300, ...how.patience },
        });
      } finally {
        await transport.close();
      }
    },
    /** The program, to be killed. */
    begin: (args: readonly string[], env: Readonly<Record<string, string | undefined>> = {}) =>
      spawn(process.execPath, [program, ...args], { env: { ...environment, ...env }, stdio: "ignore" }),
    /** The program, as it is typed. */
    cli: (args: readonly string[], more: RunOptions = {}) =>
      run(process.execPath, [program, ...args], {
        accept: [0, 1, 2, 64, 130],
        timeout: 120_000,
        ...more,
        env: { ...environment, ...more.env },
      }),
  };
}

export interface DeployHow {
  /** Where to and who asks; default: its REST API, with a token. */
  readonly target?: Partial<Target>;
  readonly set?: readonly string[];
  readonly resend?: boolean;
  readonly token?: string;
  readonly as?: Credentials;
  readonly signal?: AbortSignal;
  readonly patience?: Partial<Patience>;
  readonly progress?: Progress;
}

export type PaperNode = Awaited<ReturnType<typeof paperNode>>;

/** A file that is named and read like a template; 2 MB of it are noise, so that sending takes many chunks. */
async function makeTemplate(folder: string, definition = minimal): Promise<string> {
  const name = /^name: (\S+)$/m.exec(definition)?.[1] ?? "shop";
  const root = await mkdtemp(join(folder, "root-"));
  await mkdir(join(root, "etc/stack-agent"), { recursive: true });
  await writeFile(join(root, "etc/stack-agent/stack.yaml"), definition);
  await writeFile(join(root, "noise"), randomBytes(2_000_000));
  const path = join(folder, `debian-12-${name}_1.0.0-${randomBytes(4).toString("hex")}_amd64.tar.gz`);
  await run("tar", ["-C", root, "-czf", path, "."]);
  return path;
}
