import type { Target } from "../build/target.ts";
import { defaultTarget, targets } from "../targets/index.ts";

/** One of `build-template NAME …`; without a name a template is built. */
export interface Subcommand {
  readonly name: string;
  /** As it is typed, for --help. */
  readonly usage: string;
  readonly summary: string;
  /** Its function: gets what comes after the name, gives the exit code. */
  readonly load: () => Promise<(argv: readonly string[]) => Promise<number>>;
}

/** The subcommands. Each one's code is loaded when it is called. */
export const commands: readonly Subcommand[] = [
  {
    name: "init",
    usage: "init [DIR]",
    summary: "write a commented start of a stack of your own",
    load: async () => (await import("./init-command.ts")).initCommand,
  },
  ...targets.filter((target) => target !== defaultTarget).map(subcommandOf),
  {
    name: "deployer",
    usage: "deployer",
    summary: "make deploy-template one file that a Proxmox node runs without npm",
    load: async () => (await import("./deployer-command.ts")).deployerCommand,
  },
  {
    name: "monitoring",
    usage: "monitoring [STACK.yaml]",
    summary: "write a stack's dashboards for Grafana, its template for Zabbix",
    load: async () => (await import("./monitoring-command.ts")).monitoringCommand,
  },
  {
    name: "smoke",
    usage: "smoke TEMPLATE",
    summary: "boot a template, wait until it is healthy, throw the container away",
    load: async () => (await import("./smoke-command.ts")).smokeCommand,
  },
  {
    name: "verify",
    usage: "verify TEMPLATE",
    summary: "check a template: checksum, signature, structure, no secret in it",
    load: async () => (await import("./verify-command.ts")).verifyCommand,
  },
  {
    name: "cache",
    usage: "cache ls | prune",
    summary: "what earlier builds left for the next ones",
    load: async () => (await import("./cache-command.ts")).cacheCommand,
  },
];

function subcommandOf(target: Target): Subcommand {
  const { name, summary } = target;
  const load: Subcommand["load"] = async () => {
    const { targetCommand } = await import("./target-command.ts");
    return (argv) => targetCommand(target, argv);
  };
  return { name, summary, usage: `${name} [STACK.yaml]`, load };
}
