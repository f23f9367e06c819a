import { spawnSync } from "node:child_process";
import t from "tap";
import { stageIds } from "../../engine/stage.ts";
import { agentCommands, type CommandSpec } from "../../stack/components/agent/commands.ts";

function agent(args: readonly string[], within: readonly string[] = []) {
  const [command = "", ...rest] = [...within, process.execPath, "agent/cli.ts", ...args];
  const { status, stdout, stderr } = spawnSync(command, rest, { encoding: "utf8" });
  return { status, stdout, stderr };
}

t.test("help tells commands, stages and exit codes", async (t) => {
  const help = agent(["--help"]);
  t.equal(help.status, 0);
  for (const word of ["provision", "serve", "status", "health", "Exit codes", "64"]) t.match(help.stdout, word);
  const provision = agent(["provision", "--help"]);
  t.equal(provision.status, 0);
  t.match(provision.stdout, `Stages: ${stageIds.join(", ")}`);
  t.match(agent(["--version"]), { status: 0, stdout: /^\d+\.\d+\.\d+\n$/ });
});

t.test("what is used wrongly ends with 64 and says how it is right", async (t) => {
  t.match(agent([]), { status: 64, stderr: /Usage: stack-agent/ });
  t.match(agent(["provison"]), { status: 64, stderr: /Did you mean provision\?/ });
  t.match(agent(["provision", "--pln"]), { status: 64, stderr: /--plan/ });
  t.match(agent(["provision", "surplus"]), { status: 64, stderr: /too many arguments/ });
  t.match(agent(["status", "--timeout", "soon"]), { status: 64, stderr: /seconds/ });
  t.match(agent(["status", "--format", "xml"]), { status: 64, stderr: /table or json/ });
  t.match(agent(["status", "--wait", "--watch"]), { status: 64, stderr: /exclude each other/ });
});

t.test("what needs root is refused to others in a sentence, or as JSON", async (t) => {
  // In a user namespace without a map root is nobody, and may still read this checkout.
  const nobody = process.getuid?.() === 0 ? ["unshare", "--user"] : [];
  t.match(agent(["provision", "--plan"], nobody), {
    status: 1,
    stderr: /must be run as root \[not-root\]\nhint: {2}sudo/,
  });
  t.match(agent(["doctor"], nobody), { status: 1, stderr: /must be run as root \[not-root\]\nhint: {2}sudo/ });
  const { stdout, stderr } = agent(["provision", "--plan", "--json"], nobody);
  t.match(JSON.parse(stdout), { code: "not-root", hint: /sudo/, detail: [] });
  t.match(stderr, /must be run as root \[not-root\]/);
  for (const wrong of [
    ["provision", "--json", "--nonsense"],
    ["status", "--nonsense", "--format", "json"],
    ["health", "--format=json", "--nonsense"],
  ]) {
    const said = agent(wrong);
    t.match(JSON.parse(said.stdout), { code: "usage", message: /unknown option '--nonsense'/ }, wrong.join(" "));
    t.equal(said.status, 64);
  }
});

t.test("--json is the same as --format json, wherever there is that", async (t) => {
  const commands: readonly (readonly [string, CommandSpec])[] = Object.entries(agentCommands);
  const formatted = commands.filter(([, { options }]) => options.some(({ flags }) => flags.startsWith("--format")));
  t.same(
    formatted.map(([name]) => name),
    ["status", "health"],
  );
  for (const [name, { options }] of formatted) {
    t.ok(
      options.some(({ flags }) => flags === "--json"),
      name,
    );
    const [short, long] = [agent([name, "--json"]), agent([name, "--format", "json"])];
    t.same(Object.keys(JSON.parse(short.stdout)), Object.keys(JSON.parse(long.stdout)), name);
    t.equal(short.status, long.status);
  }
});

t.test("output that nobody reads to its end is no error", async (t) => {
  const { status, stderr } = spawnSync("bash", [
    "-o",
    "pipefail",
    "-c",
    `'${process.execPath}' agent/cli.ts provision --help | true`,
  ]);
  t.equal(status, 0);
  t.notMatch(String(stderr), /EPIPE/);
});
