import { stageIds } from "../../stage-ids.ts";
import { rootJobNames } from "./root-jobs.ts";

export interface OptionSpec {
  /** As commander and man pages write them: `--only <stage>`. */
  readonly flags: string;
  readonly help: string;
  readonly initial?: string | number;
  /** The words its value is one of, or what else it is. */
  readonly values?: readonly string[] | "seconds" | "port" | "any";
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

const handedOver: ArgumentSpec = {
  name: "<what>",
  help: "settings, or a component",
  names: ["settings", "postgres", "redis", "rabbitmq"],
};

const patience: OptionSpec = {
  flags: "--timeout <seconds>",
  help: "how long the release may take to be healthy",
  initial: 60,
  values: "seconds",
};

const asJson: OptionSpec = { flags: "--json", help: "print it as JSON" };

/** What the commands of two words have in common, by their first. */
export const agentGroups = {
  service: "services: begin one; their releases: deploy one, list them, go back",
  release: "the stack's own releases: list them",
  job: "what runs by a schedule",
  handover: "what deploy-template replace runs here, and in the container that takes over",
  backup: "backups of the stack: make one, list them, prove the newest",
  secrets: "the secrets that the stack makes and those that it is given",
  cluster: "three containers as one stack: make the first member, take in the others, see how they stand",
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
      asJson,
    ],
    notes: [
      "Needs no privilege; root is told messages, versions and ports too.",
      "--wait ends with 3 where the time is up first, and says what it waited for.",
      "--watch ends with 0; with --json it prints a document a line.",
    ],
    examples: [
      { command: "stack-agent status --wait --timeout 120", help: "after a start: end once it is up" },
      { command: "stack-agent status --watch", help: "see it come up, and stay up" },
      { command: "stack-agent status --json", help: "for programs" },
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
    options: [format, asJson],
    notes: [
      "Groups: data (databases and broker), services, machine (disk, memory, updates, backups, secrets, jobs, drift). Over HTTP the same is at " +
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
  "service new": {
    help: "write the start of a service, to be tested and deployed",
    arguments: [{ name: "<name>", help: "lower-case words joined by -", names: [] }],
    options: [
      { flags: "--port <port>", help: "where it will listen; default the next that is free", values: "port" },
      { flags: "--output <folder>", help: "a new or empty folder; default ./NAME", values: "any" },
      asJson,
    ],
    notes: [
      "Needs no privilege, and changes nothing of the stack. The folder has a service with FastAPI, the event store, a read " +
        "model, a consumer of its queue, /health, /ready, /metrics, its tests and its lock; `uv run pytest` runs them. " +
        "`service deploy` with --port adds it to the definition.",
    ],
    examples: [{ command: "stack-agent service new price-feed --port 8006", help: "then edit it, and deploy it" }],
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
      { flags: "--port <port>", help: "of a service that the definition has not: it is added", values: "port" },
      patience,
      asJson,
    ],
    notes: [
      "Needs root. The folder has the service's modules and requirements.lock, with hashes; or it is an archive of " +
        "one (.tar, .tar.gz, .tar.zst). It becomes a release beside those that are there, is put in force in one " +
        "step, and the service restarted: its port is systemd's, so no connection is refused. A release that " +
        "is not healthy in time is taken back, and the error shows what it wrote to the journal.",
      "With --port a service of another name is added to the definition, with its unit, account and queue, as " +
        "`upgrade --definition` does: no server restarts, but the agent and the other services do, whose sandboxes hide its files " +
        "from them; their ports stay open. Where it isn't healthy in time the definition before is in force again, and nothing " +
        "of it is left but its account and its queue.",
      "Provisioning never undoes a deployment; one that was cut off is taken back by the next. What differs is told " +
        "by drift. Ends with 1 where the release before is in force again, or nothing was changed.",
    ],
    examples: [
      { command: "stack-agent service deploy event-bus ./event-bus", help: "a folder as a new release" },
      { command: "stack-agent service deploy event-bus event-bus.tar.gz --wheels wheels", help: "without a network" },
      { command: "stack-agent service deploy price-feed ./price-feed --port 8006", help: "a service that is new" },
    ],
  },
  "service rollback": {
    help: "put a release in force again that was before",
    arguments: [service, { name: "[release]", help: "default the one before", names: [] }],
    options: [patience, asJson],
    notes: ["Needs root. Ends with 1 where it is not healthy in time: then all is as it was."],
    examples: [{ command: "stack-agent service rollback event-bus", help: "back to the release before" }],
  },
  upgrade: {
    help: "put another release of the stack in force; back by itself if not healthy",
    arguments: [{ name: "[release]", help: "a file of build-template release, or a release that is there" }],
    options: [
      { flags: "--plan", help: "say what would be done and what restarts, and change nothing" },
      { flags: "--diff", help: "the plan, with what is there and what will be; secrets are not shown" },
      { flags: "--definition <file>", help: "another stack.yaml, with or without another release", values: "any" },
      {
        flags: "--services <folder>",
        help: "code of services that only that has: NAME or NAME.tar.gz in it",
        values: "any",
      },
      { flags: "--trust <fingerprint>", help: "take releases signed by this key, from now on", values: "any" },
      { flags: "--no-way-back", help: "also with migrations after which the release before can't work" },
      { flags: "--wheels <folder>", help: "services' packages from there, not from the package index", values: "any" },
      { flags: "--timeout <seconds>", help: "for the stack to be healthy", initial: 120, values: "seconds" },
      asJson,
    ],
    notes: [
      "Needs root. The release is verified, laid beside the one in force, planned, put in force in one step, provisioned " +
        "and watched. Where it is not healthy in time, or is interrupted, the release before is in force again, with its " +
        "definition; data is not touched. A power cut is settled likewise, by the next boot.",
      "A stack.yaml that was changed by hand stays, unless the release brings another one: then --definition says which. " +
        "What was deployed by `service deploy` stays. Three releases are kept, and the template's, which is 0.",
      "Another Debian release, or another major version of a server, is refused: no release brings packages.",
    ],
    examples: [
      {
        command: "stack-agent upgrade stock-analysis_1.1.0-3f2a91bc_amd64.stack-release --plan",
        help: "what would it do",
      },
      { command: "stack-agent upgrade 0", help: "back to what the template brought" },
      { command: "stack-agent upgrade --definition stack.yaml --plan", help: "what another definition restarts" },
    ],
  },
  "release ls": {
    help: "which releases of the stack are there, and which is in force",
    options: [asJson],
    notes: [],
    examples: [],
  },
  "release plan": {
    help: "what this release's program would do (stack-agent upgrade)",
    options: [
      { flags: "--definition <file>", help: "the definition that would be in force", values: "any" },
      { flags: "--diff", help: "with what is there and what will be" },
      asJson,
    ],
    notes: [],
    examples: [],
  },
  "release prepare": {
    help: "make the services' releases that this release brings (stack-agent upgrade)",
    arguments: [{ name: "<service...>", help: "the services", names: "services" }],
    options: [
      { flags: "--definition <file>", help: "the definition that would be in force", values: "any" },
      { flags: "--from <folder>", help: "where their code is, a folder each", values: "any" },
      { flags: "--wheels <folder>", help: "packages from there, not from the package index", values: "any" },
      asJson,
    ],
    notes: [],
    examples: [],
  },
  doctor: {
    help: "look what is wrong with the machine, and try each unit's sandbox from inside",
    options: [
      { flags: "--fix", help: "run those commands of what helps that are safe; each is named and asked for before" },
      { flags: "--yes", help: "don't ask" },
      { flags: "--json", help: "print the findings as JSON" },
    ],
    notes: [
      "Needs root. Without --fix it changes nothing and leaves nothing; the units themselves are not touched. It looks at " +
        "memory, its pressure and what was killed for want of it, disk, failed units, ports, open files, clock, DNS, pending " +
        "updates and what runs replaced files; at PostgreSQL's xmin horizon and collations, Redis's persistence, " +
        "RabbitMQ's alarms; and from inside each sandbox at what can be written, seen, reached and run.",
      "A fix is safe where nobody is cut off and nothing is lost: a database's restart is not, it is told as what helps.",
      "Ends with 0 when all is well, 1 when a sandbox's promise is broken or a fix failed, 2 when this machine can't " +
        "enforce a promise or something else warns.",
    ],
    examples: [
      { command: "stack-agent doctor", help: "what is wrong, each with what helps" },
      { command: "stack-agent doctor --fix", help: "and mend what can be mended without a thought" },
    ],
  },
  "support-bundle": {
    help: "one archive for who helps from afar, without a secret",
    options: [
      {
        flags: "--output <file>",
        help: "the archive to be written, - for standard output; default /var/tmp/STACK-support-DATE.tar.gz",
        values: "any",
      },
      {
        flags: "--since <time>",
        help: "the journal from then on, as journalctl takes it",
        initial: "2 days ago",
        values: "any",
      },
      asJson,
    ],
    notes: [
      "Needs root. The archive is root's alone (0600) and lists its content in contents.json: what each file is, and how " +
        "often a secret was taken out of it. No value of an event, key or message is collected, no file of a secret, and every " +
        "value of a secret, in each form in which something writes it, is replaced by «secret». What could not be " +
        "collected is listed with the reason, and is no failure.",
    ],
    examples: [
      { command: "stack-agent support-bundle", help: "write it, and list what is in it" },
      { command: "pct exec 120 -- stack-agent support-bundle --output - >bundle.tar.gz", help: "from the node" },
    ],
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
      { flags: "--all", help: "every secret that the stack makes, but for those that a cluster's members share" },
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
  "cluster init": {
    help: "make the cluster's authority and secrets, and this machine its first member",
    options: [asJson],
    notes: [
      "Needs root, and the definition's section cluster. On one of the three alone: where another node answers already, it " +
        "is refused. It may be interrupted at any time: begun again, it goes on; on a member it changes nothing.",
    ],
    examples: [{ command: "stack-agent cluster init", help: "on the first of three" }],
  },
  "cluster token": {
    help: "print a token by which the others join",
    options: [{ flags: "--ttl <seconds>", help: "how long it is valid", initial: 900, values: "seconds" }, asJson],
    notes: [
      "Needs root, on a member. While a token is valid the member waits on the definition's cluster.joinPort, and only " +
        "there and then. The token says who gave it, and carries the hash of the cluster's authority: one that joins sends " +
        "nothing to anybody else. The member keeps its hash alone. Ten wrong ones, and none is valid any more.",
    ],
    examples: [{ command: "stack-agent cluster token --ttl 300", help: "five minutes for both of the others" }],
  },
  "cluster join": {
    help: "become a member, by a token of one that is",
    arguments: [
      {
        name: "[token]",
        help: "as `cluster token` printed it; left out, it is read from standard input, or asked for",
      },
    ],
    options: [
      {
        flags: "--address <host>",
        help: "where the member is, HOST or HOST:PORT; default its address in the definition",
        values: "any",
      },
      asJson,
    ],
    notes: [
      "Needs root. It gets the cluster's authority, its secrets, and a certificate for this machine's own address, and is " +
        "provisioned then. Cut off anywhere, it is no member, and joins again; on a member it changes nothing.",
    ],
    examples: [{ command: "stack-agent cluster join <token.txt", help: "the token is no argument, and in no history" }],
  },
  "cluster status": {
    help: "every node's servers in one table: leaders, replicas, how far they are behind",
    options: [asJson],
    notes: [
      "Needs root, on a member. Ends with 0 when every server is well, 2 when one is lost and the others go on, 1 when of a " +
        "component less than two nodes' are left.",
    ],
    examples: [{ command: "stack-agent cluster status", help: "who leads, and who is behind" }],
  },
  "cluster listen": {
    help: "wait for others to join while a token is valid (stack-cluster-join.service)",
    options: [],
    notes: [],
    examples: [],
  },
  "backup now": {
    help: "make a backup of the stack now",
    options: [
      { flags: "--type <type>", help: "full, or differential", initial: "full", values: ["full", "differential"] },
      { flags: "--with-messages", help: "RabbitMQ's messages too: it is stopped while they are copied" },
      asJson,
    ],
    notes: [
      "Needs root, and the definition's section backup. differential saves what changed since the full backup before " +
        "it, and is a full one where there is none. The jobs backup-full and backup-differential do the same by their " +
        "schedules. Databases and services run on meanwhile.",
      "Beside the database it has the definition with files of one's own, the wanted releases of services, the secrets " +
        "that were given, Redis's keys, and RabbitMQ's users, virtual hosts, queues and bindings. What of these can't be " +
        "saved is told, and keeps nothing else from it.",
    ],
    examples: [{ command: "stack-agent backup now", help: "before something risky" }],
  },
  "backup ls": {
    help: "which backups there are, and since when every moment can be restored",
    options: [asJson],
    notes: ["Needs root: asks the repository."],
    examples: [{ command: "stack-agent backup ls", help: "what could come back" }],
  },
  "backup check": {
    help: "restore the newest backup for trial, count its events, look at the rest too",
    options: [asJson],
    notes: [
      "Needs root, and as much room beside the database as the database takes. Nothing of it stays, and nothing that " +
        "runs is touched. The job backup-check does the same by its schedule.",
    ],
    examples: [{ command: "stack-agent backup check", help: "would it come back" }],
  },
  restore: {
    help: "bring the database back, or all of a lost machine's stack",
    options: [
      {
        flags: "--to <time>",
        help: "the moment, as 2026-11-30T14:05:00Z; default all that is archived",
        values: "any",
      },
      { flags: "--from <folder>", help: "a folder with repositories; default the definition's target", values: "any" },
      { flags: "--key <file>", help: "the key of another machine's repository; - is standard input", values: "any" },
      {
        flags: "--parts <parts>",
        help: "all, or of database,definition,releases,secrets,redis,rabbitmq; default database, with --key all",
        values: "any",
      },
      { flags: "--yes", help: "don't ask" },
      { flags: "--json", help: "print how it ended as JSON" },
    ],
    notes: [
      "Needs root, and asks for the stack's name. The database is made whole beside the one that is there, which " +
        "runs on meanwhile; whatever is wrong with backup or archive is found then, and nothing is changed. At last it " +
        "takes the other's place, which is kept beside it, and provision follows. Cut off, it has changed nothing, " +
        "or the next provision, which each boot runs, ends it.",
      "With the key of another machine's repository (`stack-agent secrets show backup.key` there) all that is in " +
        "its backup comes into this machine, which goes on with a repository of its own and keeps the passwords that it " +
        "has made. The rest of the stack is as it was when the backup was made, the database as --to says.",
    ],
    examples: [
      { command: "stack-agent restore --to 2026-11-30T14:05:00Z", help: "as it was before a mistake" },
      { command: "stack-agent restore --key key.txt --yes", help: "a lost node, into a fresh container" },
      { command: "stack-agent restore --parts redis,rabbitmq", help: "what these had when the newest backup was made" },
    ],
  },
  "handover look": {
    help: "what there is to hand over",
    options: [],
    notes: [],
    examples: [],
  },
  "handover begin": {
    help: "take the services out of service",
    options: [{ flags: "--lease <seconds>", help: "after which all is in service again by itself", values: "seconds" }],
    notes: [],
    examples: [],
  },
  "handover renew": {
    help: "put off the end of that time; fails where it was up",
    options: [{ flags: "--lease <seconds>", help: "from now on", initial: 300, values: "seconds" }],
    notes: [],
    examples: [],
  },
  "handover send": {
    help: "write what there is of it to standard output, and let nobody else write",
    arguments: [handedOver],
    options: [],
    notes: [],
    examples: [],
  },
  "handover receive": {
    help: "read it from standard input, in the place of what is there",
    arguments: [handedOver],
    options: [
      {
        flags: "--definition <which>",
        help: "where both were changed: template, or old",
        values: ["template", "old"],
      },
    ],
    notes: [],
    examples: [],
  },
  "handover end": {
    help: "put all in service again, after a replacement that was cut off",
    options: [],
    notes: [
      "Needs root. A replacement that fails does this, its lease does after five minutes, and each start of the container.",
    ],
    examples: [],
  },
  "job ls": {
    help: "when each job ran last, how long it took, how it ended, when it runs next",
    options: [asJson],
    notes: [
      "Needs no privilege; root is told why one failed. `drift`, `pending`, `updates`, `refresh-view`, `redis-saves` and those " +
        "called backup- are the stack's own, the others are the definition's section jobs. Ends with 2 where a last run failed.",
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
  ["/opt/stack-agent/releases/", "the stack's own releases; current is a link to the one in force"],
  ["/run/stack-agent/updates.json", "what of Debian's updates is pending, and what runs replaced files"],
  ["/opt/STACK/services/NAME/releases/", "a service's releases; current is a link to the one in force"],
  ["/etc/stack-agent/release-keys/", "public keys of those whose releases of the stack are taken"],
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
