import { once } from "node:events";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { messageOf } from "../../lib/error.ts";
import { shellWords } from "../../lib/shell-words.ts";
import { ApiFault } from "./api-fault.ts";
import { pveum } from "./pveum.ts";
import type { StandIn } from "./stand-in.ts";

/** What goes wrong on the way, each once, when it is set; as DoorFaults. */
export interface ShellFaults {
  /** A command like this is carried out, and then `cut` is called before it is answered. */
  loseAnswerTo?: RegExp;
  /** `cut` is called before a command like this is carried out, and it never is. */
  loseRequest?: RegExp;
  before?: { readonly request: RegExp; readonly act: () => void | Promise<void> };
}

interface Command {
  readonly program: string;
  readonly argv: readonly string[];
  readonly uid: number;
}

/** What the program then does: writes it out, has a worker of that name, ends with that code. */
type Said = { readonly [What in "out" | "err" | "task" | "exit"]?: string };
type Say = (said: Said) => void;

const methods: Readonly<Record<string, string>> = { get: "GET", create: "POST", set: "PUT", delete: "DELETE" };

/**
 * `pvesh`, `pvesm` and `pveum` of a stand-in, as programs in a folder, with what pvesh of pve-manager 8.4
 * does on a command line: workers in the foreground, their log before the UPID, exit code 0 even
 * where the task failed; an error as PVE::Exception prints it; nobody but root is served.
 *
 * @param cut takes the connection away that the command came over
 */
export async function openShellDoor(node: StandIn, folder: string, cut: () => void = () => {}) {
  const faults: ShellFaults = {};
  const looks = { room: 0 };
  const bin = join(folder, "bin");
  const path = join(folder, "socket");
  await mkdir(bin, { recursive: true });
  const client = join(import.meta.dirname, "shell-client.pl");
  const program = async (name: string, script: string): Promise<void> => {
    await writeFile(join(bin, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  };
  const asks = (name: string): string => shellWords(["/usr/bin/perl", client, path, name]);
  for (const name of ["pvesh", "pvesm", "pveum"]) await program(name, `exec ${asks(name)} "$@"`);
  await program("pct", pctScript(asks("pct")));
  // Only who is to take a file looks for room.
  await program("df", `${asks("df")}; exec /bin/df "$@"`);
  // The machine is the node that it stands in for.
  await program("uname", `case $1 in -n) echo ${node.state.node} ;; *) exec /bin/uname "$@" ;; esac`);

  const carryOut = async (socket: Socket, { program: name, argv, uid }: Command): Promise<void> => {
    const say: Say = (said) => {
      const lines = Object.entries(said).map(([what, text]) => `${what}\t${encodeURIComponent(text)}\n`);
      socket.write(lines.join(""));
    };
    const end = (exit: number, more: Said = {}): void => {
      say({ ...more, exit: `${exit}` });
      socket.end();
    };
    try {
      // EACCES is what Perl's die makes of its errno.
      if (uid !== 0) return end(13, { err: "please run as root\n" });
      if (name === "pveum") {
        pveum(node.state, argv);
        return end(0);
      }
      if (name === "df") {
        looks.room += 1;
        return end(0);
      }
      if (name === "pct") return end(0, { out: pct(node, Number(argv[0])) });
      if (name === "pvesm") return end(0, { out: `${pvesm(node, argv)}\n` });
      const { method, path: asked, parameters } = pvesh(argv);
      const what = `${method} ${asked}`;
      if (faults.loseRequest?.test(what)) {
        delete faults.loseRequest;
        cut();
        return end(255);
      }
      if (faults.before?.request.test(what)) {
        const { act } = faults.before;
        delete faults.before;
        await act();
      }
      const data = await node.request("root@pam", method, asked, parameters);
      if (faults.loseAnswerTo?.test(what)) {
        delete faults.loseAnswerTo;
        cut();
      }
      if (typeof data === "string" && data.startsWith("UPID:")) await follow(node, data, socket, say);
      end(0, { out: `${JSON.stringify(data)}\n` });
    } catch (error) {
      if (!(error instanceof ApiFault)) return end(255, { err: `${messageOf(error)}\n` });
      const { status, message, errors } = error;
      if (status === 501) return end(1, { err: `No '${argv[0]}' handler defined for '${argv[1]}'\n` });
      const coded = status === 400 || status === 403 ? `${status} ` : "";
      const usage = status === 400 ? `pvesh ${argv[0]} <api_path> [OPTIONS] [FORMAT_OPTIONS]\n` : "";
      const lines = Object.entries(errors ?? {}).map(([name, fault]) => `${name}: ${fault}\n`);
      end(255, { err: `${coded}${message}\n${lines.join("")}${usage}` });
    }
  };

  const server = createServer((socket) => {
    socket.on("error", () => {});
    const lines = createInterface({ input: socket });
    lines.on("error", () => {});
    lines.once("line", (line) => {
      const [uid, program = "", ...argv] = line.split("\t").map(decodeURIComponent);
      void carryOut(socket, { program, argv, uid: Number(uid) });
    });
  });
  server.listen(path);
  await once(server, "listening");
  await chmod(path, 0o777);
  return {
    ...{ bin, faults },
    /** How often it was looked at. */
    looks,
    close: async (): Promise<void> => {
      const closed = once(server, "close");
      server.close();
      await closed;
    },
  };
}

export type ShellDoor = Awaited<ReturnType<typeof openShellDoor>>;

/** A worker whose output nobody takes any more is ended by SIGPIPE, and leaves what it had begun. */
async function follow(node: StandIn, upid: string, socket: Socket, say: Say): Promise<void> {
  const task = node.tasks.find(upid);
  let alive = true;
  socket.once("close", () => {
    alive = false;
  });
  say({ task: upid });
  let told = 0;
  const tell = (): void => {
    const lines = task.log.slice(told);
    told = task.log.length;
    for (const line of lines) {
      const failure = /^TASK ERROR: (.*)$/.exec(line)?.[1];
      if (failure !== undefined) say({ err: `${failure}\n` });
      else if (!/^TASK (OK|WARNINGS)/.test(line)) say({ out: `${line}\n` });
    }
  };
  while (task.exitstatus === undefined && alive) {
    tell();
    await sleep(20);
  }
  if (task.exitstatus === undefined) node.tasks.interrupt(upid);
  tell();
}

function pvesh(argv: readonly string[]) {
  const [verb = "", path = "", ...rest] = argv;
  const method = methods[verb];
  if (method === undefined) throw new ApiFault(500, `ERROR: unknown command 'pvesh ${verb}'`);
  const parameters: Record<string, string> = {};
  for (let at = 0; at < rest.length; at += 2) {
    const [name = "", value] = [rest[at], rest[at + 1]];
    if (!name.startsWith("--")) throw new ApiFault(400, "too many arguments");
    if (value === undefined) throw new ApiFault(400, `Option ${name.slice(2)} requires an argument`);
    parameters[name.slice(2)] = value;
  }
  const { "output-format": format, ...rest_ } = parameters;
  if (format !== "json") throw new Error("a stand-in draws no tables: --output-format json");
  return { method, path, parameters: rest_ };
}

/**
 * `pct status`, `pct exec` and `pct push` of containers that run: PVE::CLI::pct passes standard input and output on as they
 * are, and ends with the command's own code.
 */
function pctScript(asks: string): string {
  return `verb=$1 vmid=$2
shift 2
told=$(${asks} "$vmid") || exit 255
status=\${told%% *}
attach=\${told#* }
case $verb in
status) echo "status: $status" ;;
exec)
  [ "$status" = running ] || { echo "container '$vmid' not running!" >&2; exit 255; }
  [ "\${1-}" != -- ] || shift
  exec $attach "$@" ;;
push) exec $attach sh -c 'umask 077; cat >"$1"' sh "$2" <"$1" ;;
*) echo "ERROR: unknown command 'pct $verb'" >&2; exit 255 ;;
esac`;
}

/** Its status, and the words that run a command in it. */
function pct(node: StandIn, vmid: number): string {
  const guest = node.state.guests.get(vmid);
  if (guest?.type !== "lxc") {
    throw new ApiFault(500, `Configuration file 'nodes/${node.state.node}/lxc/${vmid}.conf' does not exist`);
  }
  return `${guest.status} ${(node.state.guestMaker.attach(vmid) ?? []).join(" ")}`;
}

/** `pvesm path` says where a volume is, or would be. */
function pvesm(node: StandIn, [verb, volume = ""]: readonly string[]): string {
  const [, name = "", file = ""] = /^([\w-]+):vztmpl\/([^/]+)$/.exec(volume) ?? [];
  if (verb !== "path" || file === "") throw new ApiFault(400, "unable to parse volume ID");
  if (!node.state.storages.some(({ storage }) => storage === name)) {
    throw new ApiFault(500, `storage '${name}' does not exist`);
  }
  node.state.carriedOut.push(`pvesm path ${volume}`);
  return join(node.state.templates(name), file);
}
