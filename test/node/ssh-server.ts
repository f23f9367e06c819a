import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { access, mkdir, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { join } from "node:path";
import { run } from "../../lib/run.ts";

/** What goes wrong on the way, each once, when it is set. */
export interface ConnectionFaults {
  /** A connection is cut after so many bytes from the client. */
  cutAfter?: number;
  /** Nothing more of the client's is passed on after so many bytes. */
  stallAfter?: number;
}

export interface SshServerOptions {
  readonly folder: string;
  /** What sessions have in their environment. */
  readonly environment?: Readonly<Record<string, string>>;
  readonly host?: string;
  readonly port?: number;
  /** More lines of sshd_config. */
  readonly config?: readonly string[];
}

/**
 * Debian's own sshd. Its `-i` takes one connection from pipes: so what goes over each can be
 * counted and cut here.
 */
export async function openSshServer(options: SshServerOptions) {
  const { folder, environment = {}, host = "127.0.0.1" } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const at = (name: string): string => join(folder, name);
  for (const [name, ...type] of [
    ["host_ed25519", "ed25519"],
    // Short: a long one takes most of a second.
    ["host_rsa", "rsa", "-b", "2048"],
    ["client", "ed25519"],
  ] as const) {
    await run("ssh-keygen", ["-q", "-t", ...type, "-N", "", "-C", "test", "-f", at(name)]);
  }
  await run("cp", [at("client.pub"), at("authorized_keys")]);
  // Where systemd doesn't make it.
  if (process.getuid?.() === 0) await mkdir("/run/sshd", { recursive: true, mode: 0o755 });
  // Debian's bash reads ~/.bashrc for a SSH server's commands too, unless it thinks it is a shell's shell: what this
  // machine's user has in there is no matter of the tests.
  const set = Object.entries({ SHLVL: "2", ...environment }).map(([name, value]) => `${name}=${value}`);
  const settings = [
    `HostKey ${at("host_ed25519")}`,
    `HostKey ${at("host_rsa")}`,
    `AuthorizedKeysFile ${at("authorized_keys")}`,
    "StrictModes no",
    "UsePAM no",
    "PermitRootLogin yes",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "Subsystem sftp internal-sftp",
    "LogLevel ERROR",
    // Of several lines only the first would count.
    `SetEnv ${set.join(" ")}`,
    ...(options.config ?? []),
  ];
  await writeFile(at("sshd_config"), `${settings.join("\n")}\n`);
  const program = await sshdPath();

  const faults: ConnectionFaults = {};
  const live = new Set<{ readonly socket: Socket; readonly child: ChildProcess }>();
  let connections = 0;
  const serve = (socket: Socket): void => {
    connections += 1;
    socket.setNoDelay(true);
    const child = spawn(program, ["-i", "-e", "-f", at("sshd_config")], { stdio: ["pipe", "pipe", "ignore"] });
    const pair = { socket, child };
    live.add(pair);
    let received = 0;
    for (const stream of [socket, child.stdin, child.stdout]) stream.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      received += data.length;
      if (faults.cutAfter !== undefined && received >= faults.cutAfter) {
        delete faults.cutAfter;
        socket.destroy();
        return;
      }
      if (faults.stallAfter !== undefined && received >= faults.stallAfter) return void socket.pause();
      if (!child.stdin.write(data)) {
        socket.pause();
        child.stdin.once("drain", () => socket.resume());
      }
    });
    child.stdout.pipe(socket);
    socket.once("close", () => child.stdin.end());
    child.once("close", () => {
      live.delete(pair);
      socket.end();
    });
  };
  const listen = async (port: number) => {
    const server = createServer({ allowHalfOpen: false }, serve);
    server.listen(port, host);
    await once(server, "listening");
    return server;
  };
  let server = await listen(options.port ?? 0);
  const { port } = server.address() as AddressInfo;
  const cut = (): void => {
    for (const { socket } of live) socket.destroy();
  };
  return {
    ...{ host, port, faults },
    identity: at("client"),
    authorizedKeys: at("authorized_keys"),
    hostKeys: [at("host_ed25519.pub"), at("host_rsa.pub")] as const,
    /** Connections there were. */
    connections: () => connections,
    cut,
    /** No connection is left, and none is taken. */
    close: async (): Promise<void> => {
      const closed = once(server, "close");
      server.close();
      const ended = [...live].map(({ child }) => (child.exitCode === null ? once(child, "close") : undefined));
      cut();
      await Promise.all([closed, ...ended]);
    },
    reopen: async (): Promise<void> => {
      server = await listen(port);
    },
  };
}

export type SshServer = Awaited<ReturnType<typeof openSshServer>>;

/** A user's PATH often lacks sbin; sshd wants to be called by its whole path. */
async function sshdPath(): Promise<string> {
  for (const path of ["/usr/sbin/sshd", "/usr/bin/sshd"]) {
    const there = await access(path).then(
      () => true,
      () => false,
    );
    if (there) return path;
  }
  throw new Error("sshd is not installed: apt install openssh-server");
}
