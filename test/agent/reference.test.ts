import { spawnSync } from "node:child_process";
import { join } from "node:path";
import t from "tap";
import { installedTemplates } from "../../engine/installed-templates.ts";
import { ExitCode } from "../../lib/error.ts";
import { agentCommands, agentExitCodes, type CommandSpec } from "../../stack/components/agent/commands.ts";
import { dependencyNames } from "../../stack/components/names.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { stageIds } from "../../stack/stage-ids.ts";
import { stackModel } from "../stack/stack-model.ts";

const model = stackModel();
const commands: readonly (readonly [string, CommandSpec])[] = Object.entries(agentCommands);

function fileOf(path: string): string {
  const entry = model.files.find((file) => file.path === path);
  if (entry === undefined) throw new Error(`no ${path} in the table`);
  return renderFile(entry, model, { templates: installedTemplates(".") });
}

/** Flags as commander's help lists them: the truth of what the command line takes. */
function helpOf(command: string): { options: string[]; text: string } {
  const { stdout } = spawnSync(process.execPath, ["agent/cli.ts", ...command.split(" "), "--help"], {
    encoding: "utf8",
  });
  const options = [...stdout.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag ?? "");
  return { options: options.filter((flag) => flag !== "--help"), text: stdout };
}

/** Commands, and groups of commands of two words. */
const firstWords = [...new Set(commands.map(([name]) => name.replace(/ .*/, "")))];

const completions = "/usr/share/bash-completion/completions/stack-agent";

t.test("the man page tells every command, option, stage and exit code that the command line has", async (t) => {
  const page = fileOf("/usr/share/man/man1/stack-agent.1").replaceAll("\\-", "-");
  const { stdout } = spawnSync(process.execPath, ["agent/cli.ts", "--help"], { encoding: "utf8" });
  const listed = [...(stdout.split("Examples:")[0] ?? "").matchAll(/^ {2}([a-z][a-z-]+) .*/gm)].map(([, name]) => name);
  t.same(listed, [...firstWords, "help"]);
  for (const [name, { options, help }] of commands) {
    const section = page.split(`.SS ${name}\n`)[1]?.split(/^\.S[SH] /m)[0] ?? "";
    const { options: real, text } = helpOf(name);
    t.same([...section.matchAll(/^\\fB(?:-\w, )?(--[\w-]+)/gm)].map(([, flag]) => flag).sort(), real.sort(), name);
    t.equal(real.length, options.length);
    t.match(text, help);
  }
  for (const stage of stageIds) t.match(page, stage);
  const told = agentExitCodes.flat().join(" ");
  // 69 is of the programs that need tools of a host.
  for (const code of Object.values(ExitCode).filter((one) => one !== ExitCode.unavailable)) {
    t.match(told, new RegExp(`\\b${code}\\b`));
  }
  for (const [code] of agentExitCodes) t.match(page, `\\fB${code}\\fR`);
});

t.test("no line of the man page is taken for a request by accident", async (t) => {
  const requests = fileOf("/usr/share/man/man1/stack-agent.1")
    .split("\n")
    .filter((line) => /^[.']/.test(line))
    .map((line) => line.split(" ")[0]);
  t.same([...new Set(requests)].sort(), [".BR", ".PP", ".SH", ".SS", ".TH", ".TP", ".fi", ".nf"]);
});

t.test("completion offers commands, then their options, then the options' values", async (t) => {
  const script = join(t.testdir({ "stack-agent": fileOf(completions) }), "stack-agent");
  const complete = (...words: string[]): string[] => {
    const line = ["stack-agent", ...words].map((word) => `'${word}'`).join(" ");
    const run = spawnSync(
      "bash",
      [
        // Where standard input is a socket, bash takes itself for a remote shell and reads bashrc.
        "--norc",
        "-euc",
        `. "$1"; COMP_WORDS=(${line}); COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); _stack_agent; printf '%s\\n' "\${COMPREPLY[@]}"`,
        "bash",
        script,
      ],
      { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] },
    );
    t.equal(run.stderr, "");
    return run.stdout.split("\n").filter((word) => word !== "");
  };
  t.same(complete(""), [...firstWords, "help", "--help", "--version"]);
  t.same(complete("secrets", ""), ["ls", "set", "unset", "show", "rotate", "--help"]);
  t.same(complete("secrets", "rotate", "--a"), ["--all"]);
  t.same(complete("secrets", "rotate", "redis"), ["redis.auth"]);
  t.same(complete("secrets", "rotate", "redis.auth", "health"), ["health.token"]);
  t.same(complete("job", ""), ["ls", "run", "perform", "--help"]);
  t.same(complete("job", "run", "re"), ["refresh-view", "redis-saves"]);
  t.same(complete("job", "perform", "d"), ["drift"]);
  t.same(complete("secrets", "set", ""), ["--help"], "this stack is given none");
  t.same(complete("st"), ["status"]);
  t.same(complete("help", "pro"), ["provision"]);
  for (const [name] of commands) {
    t.same(complete(name, "--").sort(), [...helpOf(name).options, "--help"].sort(), name);
  }
  t.same(complete("provision", "--only", ""), [...stageIds]);
  t.same(complete("provision", "--plan", "--from", "re"), ["redis"]);
  t.same(complete("status", "--format", ""), ["table", "json"]);
  t.same(complete("status", "--format", "=", "j"), ["json"]);
  t.same(complete("status", "--format", "="), ["table", "json"]);
  t.same(complete("status", "--timeout", ""), []);
  t.same(complete("logs", "-n", ""), []);
  t.same(complete("logs", "--since", ""), []);
  t.same(complete("health", "--format", "json", "re"), ["redis"]);
  t.same(complete("service", ""), ["new", "ls", "releases", "deploy", "rollback", "--help"]);
  t.same(complete("service", "deploy", "--timeout", "9", "ev"), ["event-bus"]);
  t.same(complete("service", "deploy", "event-bus", "package."), ["package.json"]);
  const services = model.services.map(({ name }) => name);
  const absent = ([...dependencyNames, "cluster", "backup", "metrics"] as const).filter(
    (name) => model[name] === undefined,
  );
  const stages = stageIds.filter((id) => !absent.some((name) => name === id));
  const word = (offered: string): boolean => !offered.startsWith("-");
  t.same(complete("health", "").filter(word), [
    ...["provision", "postgres", "redis", "rabbitmq"],
    ...services,
    ...["disk", "memory", "updates", "secrets", "jobs", "drift", "data", "services", "machine"],
  ]);
  t.same(complete("logs", "-f", "").filter(word), ["agent", "provision", ...stages, ...services]);
});
