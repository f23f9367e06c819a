import { stageIds } from "../../stage-ids.ts";
import { rootJobNames } from "./root-jobs.ts";

export interface OptionSpec {
  /** As commander and man pages write them: `--only <stage>`. */
  readonly flags: string;
  readonly help: string;
  readonly initial?: string | number;
  /** The words its value is one of, or what else it is. */
  readonly values?: readonly string[] | "seconds" | "any";
}

export interface ArgumentSpec {
  /** `[component]`, or `<job>` where it is needed. */
  readonly name: string;
  readonly help: string;
  /** What of the stack its value names; a list: the words that it is one of. Missing: what else it is. */
  readonly names?:
    | "health"
    | "jobs"
    | "rootJobs"
    | "logs"
    | "secrets"
    | "givenSecrets"
    | "madeSecrets"
    | "services"
    | readonly string[];
}

export interface Example {
  readonly command: string;
  readonly help: string;
}

export interface CommandSpec {
  readonly help: string;
  /** What follows the command, in order. */
  readonly arguments?: readonly ArgumentSpec[];
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

const service: ArgumentSpec = { name: "<service>", help: "as the definition names it", names: "services" };

const patience: OptionSpec = {
  flags: "--timeout <seconds>",
  help: "how long the release may take to be healthy",
  initial: 60,
  values: "seconds",
};

const asJson: OptionSpec = { flags: "--json", help: "print it as JSON" };

/** What the commands of two words have in common, by their first. */
export const agentGroups = {
  service: "services' releases: deploy one, list them, go back",
  job: "what runs by a schedule",
  secrets: "the secrets that the stack makes and those that it is given",
} as const satisfies Readonly<Record<string, string>>;

/**
 * The commands of stack-agent: its command line, its help, its man page and its completion are made from
 * this. Those of two words are under a group.
 */
export const agentCommands = {
  provision: {
    help: "bring the stack to what its definition says; does only what is missing",
    options: [
      { flags: "--plan", help: "say what would be done, and change nothing" },
      { flags: "--diff", help: "the plan, with what is there and what will be; secrets are not shown" },
      { flags: "--json", help: "print the plan, or how it ended, as JSON" },
      { flags: "--only <stage>", help: "this stage alone", values: stageIds },
      { flags: "--from <stage>", help: "this stage and those that need it", values: stageIds },
    ],
    notes: [
      "Needs root. Each boot runs it, as stack-provision.service; run it yourself after a change of " +
        "/etc/stack-agent/stack.yaml. It may be interrupted at any time: the next run goes on.",
      "--only ends with 2 where the stage is done and one that it needs is not; it says which.",
      `Stages: ${stageIds.join(", ")}`,
    ],
    examples: [
      { command: "stack-agent provision --plan", help: "what differs from the definition" },
      { command: "stack-agent provision --diff", help: "the same, line by line" },
      { command: "stack-agent provision --only redis", help: "mend Redis, touch nothing else" },
    ],
  },
  reset: {
    help: "take back what provision has made; the data only when asked to",
    options: [
      { flags: "--plan", help: "say what would be taken back, and change nothing" },
      { flags: "--json", help: "print the plan, or what was done, as JSON" },
      { flags: "--only <stage>", help: "this stage alone; not system, on which all stand", values: stageIds },
      { flags: "--with-data", help: "databases, queues and the secrets that open them too" },
      { flags: "--force", help: "files too that were changed since they were written" },
      { flags: "--yes", help: "don't ask" },
    ],
    notes: [
      "Needs root, and asks for the stack's name. Packages, users and files that were there before the " +
        "stack stay, or come back as they were. In a container of the template what is baked stays: " +
        "the next boot provisions anew, with the data that is there.",
      `Stages: ${stageIds.join(", ")}`,
    ],
    examples: [
      { command: "stack-agent reset --plan", help: "what it would take, and what would stay" },
      { command: "stack-agent reset --with-data --yes", help: "all of it, without a question" },
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
      "--wait ends with 3 where the time is up first, and says what it waited for.",
      "--watch ends with 0; with --format json it prints a document a line.",
    ],
    examples: [
      { command: "stack-agent status --wait --timeout 120", help: "after a start: end once it is up" },
      { command: "stack-agent status --watch", help: "see it come up, and stay up" },
      { command: "stack-agent status --format json", help: "for programs" },
    ],
  },
  drift: {
    help: "what differs from the definition, and the command that mends it",
    options: [asJson],
    notes: [
      "Needs root, and changes nothing. Ends with 2 when anything differs, with 0 when nothing does.",
      "The agent's job of the same name looks by the schedule agent.drift of the definition; /health warns of what it finds.",
    ],
    examples: [{ command: "stack-agent drift", help: "is the machine as its definition says" }],
  },
  health: {
    help: "what the health checks last found",
    arguments: [{ name: "[component]", help: "one component, service or group; default all", names: "health" }],
    options: [format],
    notes: [
      "Groups: data (databases and broker), services, machine (disk, memory, secrets, jobs, drift). Over HTTP the same is at " +
        "/health, /health/COMPONENT and /health/GROUP: 200 for pass and warn, 503 for fail; messages are told to " +
        "those who show the token of /var/lib/stack-agent/secrets/health.token, as Authorization: Bearer TOKEN.",
      "Ends with 0 when all pass, 2 when one warns, 1 when one fails.",
    ],
    examples: [
      { command: "stack-agent health postgres", help: "PostgreSQL alone" },
      { command: "stack-agent health services", help: "every service" },
    ],
  },
  logs: {
    help: "the journal of the stack, or of one part of it",
    arguments: [{ name: "[component]", help: "one component, service or stage; default all", names: "logs" }],
    options: [
      { flags: "-f, --follow", help: "go on with what comes" },
      { flags: "--since <time>", help: "from then on, as journalctl takes it; default the last boot", values: "any" },
      { flags: "-n, --lines <number>", help: "the last lines only", values: "any" },
    ],
    notes: [
      "Shows what its units write, what systemd says of them, and what the agent tells of it, by journalctl. " +
        "Needs root, or membership of the group systemd-journal.",
    ],
    examples: [
      { command: "stack-agent logs redis", help: "its nodes, its provisioning, its health" },
      { command: "stack-agent logs -f event-bus", help: "follow a service" },
      { command: "stack-agent logs provision --since '1 hour ago'", help: "what was set up lately" },
    ],
  },
  "service ls": {
    help: "which release of each service is in force",
    options: [asJson],
    notes: [],
    examples: [{ command: "stack-agent service ls", help: "which release of each is in force" }],
  },
  "service releases": {
    help: "which releases of a service are there",
    arguments: [service],
    options: [asJson],
    notes: ["The last three are kept, and the template's own, which is 0."],
    examples: [],
  },
  "service deploy": {
    help: "put a new release of a service in force",
    arguments: [service, { name: "<source>", help: "a folder, or an archive of one" }],
    options: [
      { flags: "--wheels <folder>", help: "packages from there, not from the package index", values: "any" },
      patience,
      asJson,
    ],
    notes: [
      "Needs root. The folder has the service's modules and requirements.lock, with hashes; or it is an archive of " +
        "one (.tar, .tar.gz, .tar.zst). It becomes a release beside those that are there, is put in force in one " +
        "step, and the service restarted: its port is systemd's, so no connection is refused. A release that " +
        "is not healthy in time is taken back, and the error shows what it wrote to the journal.",
      "Provisioning never undoes a deployment; one that was cut off is taken back by the next. What differs is told " +
        "by drift. Ends with 1 where the release before is in force again, or nothing was changed.",
    ],
    examples: [
      { command: "stack-agent service deploy event-bus ./event-bus", help: "a folder as a new release" },
      { command: "stack-agent service deploy event-bus event-bus.tar.gz --wheels wheels", help: "without a network" },
    ],
  },
  "service rollback": {
    help: "put a release in force again that was before",
    arguments: [service, { name: "[release]", help: "default the one before", names: [] }],
    options: [patience, asJson],
    notes: ["Needs root. Ends with 1 where it is not healthy in time: then all is as it was."],
    examples: [{ command: "stack-agent service rollback event-bus", help: "back to the release before" }],
  },
  doctor: {
    help: "try from inside each unit's sandbox what it can write, see, reach and run",
    options: [{ flags: "--json", help: "print the findings as JSON" }],
    notes: [
      "Needs root. Changes nothing and leaves nothing; the units themselves are not touched.",
      "Ends with 0 when all is as promised, 1 when a promise is broken, 2 when this machine can't enforce one.",
    ],
    examples: [{ command: "stack-agent doctor", help: "do the sandboxes hold here" }],
  },
  analyze: {
    help: "where the time of a boot went, stage by stage and action by action",
    options: [
      { flags: "--first-boot", help: "of the first boot; so is the default where this boot had nothing to do" },
      asJson,
    ],
    notes: ["Needs no privilege. What the end waited for is the chain to shorten; all else ran beside it."],
    examples: [
      { command: "stack-agent analyze", help: "as systemd-analyze critical-chain and blame, for provisioning" },
    ],
  },
  "secrets ls": {
    help: "name every secret, for whom it is and since when; no value is shown",
    options: [asJson],
    notes: [
      "Needs root. `made`: the stack made it itself, and `secrets rotate` makes another; `given`: the definition's " +
        "section secrets declares it, and somebody gives it by `secrets set`. Ends with 2 where one is not set.",
    ],
    examples: [{ command: "stack-agent secrets ls", help: "is every secret set" }],
  },
  "secrets set": {
    help: "give a secret that comes from outside, an API key say, on standard input",
    arguments: [{ name: "<secret>", help: "as the definition's section secrets names it", names: "givenSecrets" }],
    options: [],
    notes: [
      "Needs root. On a terminal it is asked for and not shown. A line end behind the value is left out; it may have " +
        "64 KiB, no NUL, and can't be empty. The services that get it are restarted where they run; the same value " +
        "again restarts nothing.",
    ],
    examples: [
      { command: "stack-agent secrets set alpaca_key", help: "type it, or paste it" },
      { command: "stack-agent secrets set alpaca_key <key.txt", help: "out of a file" },
    ],
  },
  "secrets unset": {
    help: "take a secret away that was given; its services restart without it",
    arguments: [{ name: "<secret>", help: "as the definition's section secrets names it", names: "givenSecrets" }],
    options: [],
    notes: ["Needs root."],
    examples: [],
  },
  "secrets show": {
    help: "print a secret's value",
    arguments: [{ name: "<secret>", help: "as `secrets ls` names it", names: "secrets" }],
    options: [],
    notes: [
      "Needs root, and leaves a line in the journal, as `set`, `unset` and `rotate` do: who and what, never the value. " +
        "Where no such line can be written, nothing is shown.",
    ],
    examples: [{ command: "stack-agent secrets show health.token", help: "what a monitor has to show" }],
  },
  "secrets rotate": {
    help: "make other values of secrets that the stack makes, for all that use them",
    arguments: [{ name: "[secret...]", help: "as `secrets ls` names those that are made", names: "madeSecrets" }],
    options: [
      { flags: "--all", help: "every secret that the stack makes" },
      { flags: "--json", help: "print how it ended as JSON" },
    ],
    notes: [
      "Needs root. Servers take another password while they run, and the services that log in with it restart; for " +
        "rabbitmq.cookie RabbitMQ does, for health.token the agent. It may be interrupted at any time: the next " +
        "provision goes on with the new value. " +
        "Monitors that show health.token must be told the new one.",
    ],
    examples: [
      { command: "stack-agent secrets rotate postgres.app", help: "the services' password for PostgreSQL" },
      { command: "stack-agent secrets rotate --all", help: "all, after somebody has left" },
    ],
  },
  "job ls": {
    help: "when each job ran last, how long it took, how it ended, when it runs next",
    options: [asJson],
    notes: [
      "Needs no privilege; root is told why one failed. `drift` and `refresh-view` are the stack's own, the others are the " +
        "definition's section jobs. Ends with 2 where a last run failed.",
    ],
    examples: [{ command: "stack-agent job ls", help: "did last night's work end well" }],
  },
  "job run": {
    help: "run a job now, before its turn, and wait for its end",
    arguments: [{ name: "<job>", help: "as `job ls` names it", names: "jobs" }],
    options: [{ flags: "--json", help: "print how it ended as JSON" }],
    notes: [
      "Needs root. Where it runs already, that run's end is waited for: none runs twice at once. Ends with 1 where it " +
        "failed. Interrupted it goes on: `job ls` tells how it ended.",
    ],
    examples: [{ command: "stack-agent job run nightly-report", help: "try a new job" }],
  },
  "job perform": {
    help: "do a job of the stack's own that needs root (stack-job@JOB.service)",
    arguments: [{ name: "<job>", help: rootJobNames.join(", "), names: "rootJobs" }],
    options: [],
    notes: [],
    examples: [],
  },
} as const satisfies Readonly<Record<string, CommandSpec>>;

export type AgentCommand = keyof typeof agentCommands;

export const agentSummary = "Provisions this machine's stack, keeps watch over it, and tells how it stands.";

/** Commands worth knowing first. */
export const agentExamples: readonly Example[] = [
  { command: "stack-agent status", help: "is it well, and what helps if not" },
  { command: "stack-agent provision --plan", help: "what differs from the definition" },
  { command: "stack-agent logs", help: "what happened since the boot" },
];

export const agentFiles: readonly (readonly [path: string, what: string])[] = [
  ["/etc/stack-agent/stack.yaml", "the definition in force"],
  ["/run/stack-agent/drift.json", "what the job drift last found"],
  ["/run/stack-agent/progress.json", "how provisioning stands"],
  ["/opt/STACK/services/NAME/releases/", "a service's releases; current is a link to the one in force"],
  ["/usr/share/stack-agent/schemas/", "JSON Schemas of what it prints and serves"],
  ["/var/lib/stack-agent/releases.json", "which release of each service is wanted"],
  ["/var/lib/stack-agent/secrets/", "passwords and tokens, made at the first boot or given, a file each"],
];

/** lib/error's ExitCode, in words. */
export const agentExitCodes: readonly (readonly [code: string, meaning: string])[] = [
  ["0", "healthy, done, or nothing to do"],
  ["1", "failed"],
  ["2", "degraded, or drifted"],
  ["3", "still working"],
  ["64", "used wrongly, or the stack definition is invalid"],
  ["130", "interrupted (143: by SIGTERM)"],
];
