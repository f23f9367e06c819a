import { stageIds } from "../../stage-ids.ts";

export interface OptionSpec {
  /** As commander and man pages write them: `--only <stage>`. */
  readonly flags: string;
  readonly help: string;
  readonly initial?: string | number;
  /** The words its value is one of, or what else it is. */
  readonly values?: readonly string[] | "seconds";
}

export interface Example {
  readonly command: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly help: string;
  /** What may follow the command, at most one: `[component]`. */
  readonly argument?: { readonly name: string; readonly help: string };
  readonly options: readonly OptionSpec[];
  /** What one has to know beside the options, a paragraph each. */
  readonly notes: readonly string[];
  readonly examples: readonly Example[];
}

const format: OptionSpec = {
  flags: "--format <format>",
  help: "table or json",
  initial: "table",
  values: ["table", "json"],
};

/** The commands of stack-agent: its command line, its help, its man page and its completion are made from this. */
export const agentCommands = {
  provision: {
    help: "bring the stack to what its definition says; does only what is missing",
    options: [
      { flags: "--plan", help: "say what would be done, and change nothing" },
      { flags: "--json", help: "print the plan, or how it ended, as JSON" },
      { flags: "--only <stage>", help: "this stage alone", values: stageIds },
      { flags: "--from <stage>", help: "this stage and those that need it", values: stageIds },
    ],
    notes: [
      "Needs root. Each boot runs it, as stack-provision.service; run it yourself after a change of " +
        "/etc/stack-agent/stack.yaml. It may be interrupted at any time: the next run goes on.",
      `Stages: ${stageIds.join(", ")}`,
    ],
    examples: [
      { command: "stack-agent provision --plan", help: "what differs from the definition" },
      { command: "stack-agent provision --only redis", help: "mend Redis, touch nothing else" },
    ],
  },
  serve: {
    help: "answer /health and run the jobs, until told to stop (stack-agent.service)",
    options: [],
    notes: [],
    examples: [],
  },
  status: {
    help: "how the stack stands: stages, components, jobs, memory",
    options: [
      { flags: "--wait", help: "wait until it is healthy or has failed; progress on standard error" },
      { flags: "--timeout <seconds>", help: "how long to wait at most", initial: 300, values: "seconds" },
      { flags: "--watch", help: "look each second until Ctrl-C; piped, a line for each change" },
      format,
    ],
    notes: [
      "Needs no privilege; root is told messages, versions and ports too.",
      "--watch ends with 0; with --format json it prints a document a line.",
    ],
    examples: [
      { command: "stack-agent status --wait --timeout 120", help: "after a start: end once it is up" },
      { command: "stack-agent status --watch", help: "see it come up, and stay up" },
      { command: "stack-agent status --format json", help: "for programs" },
    ],
  },
  health: {
    help: "what the health checks last found",
    argument: { name: "[component]", help: "one component or service; default all" },
    options: [format],
    notes: ["Ends with 0 when all pass, 2 when one warns, 1 when one fails."],
    examples: [{ command: "stack-agent health postgres", help: "PostgreSQL alone" }],
  },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type AgentCommand = keyof typeof agentCommands;

export const agentSummary = "Provisions this machine's stack, keeps watch over it, and tells how it stands.";

/** Commands worth knowing first. */
export const agentExamples: readonly Example[] = [
  { command: "stack-agent status", help: "is it well, and what helps if not" },
  { command: "stack-agent provision --plan", help: "what differs from the definition" },
  { command: "journalctl -b -u stack-provision -u stack-agent", help: "what it did since the boot" },
];

export const agentFiles: readonly (readonly [path: string, what: string])[] = [
  ["/etc/stack-agent/stack.yaml", "the definition in force"],
  ["/run/stack-agent/progress.json", "how provisioning stands"],
  ["/usr/share/stack-agent/schemas/", "JSON Schemas of what it prints and serves"],
  ["/var/lib/stack-agent/secrets/", "passwords and tokens, made at the first boot, a file each"],
];

/** lib/error's ExitCode, in words. */
export const agentExitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "healthy, done, or nothing to do"],
  ["1", "failed"],
  ["2", "degraded"],
  ["3", "still working"],
  ["64", "used wrongly, or the stack definition is invalid"],
  ["130", "interrupted (143: by SIGTERM)"],
];
