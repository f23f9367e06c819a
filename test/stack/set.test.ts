import { readFileSync } from "node:fs";
import t from "tap";
import { isStackError, type StackError } from "../../lib/error.ts";
import { parseDefinition, readDefinition } from "../../stack/definition/parse.ts";

const stockAnalysis = readFileSync("stack/stock-analysis.yaml", "utf8");

function faults(text: string, ...set: string[]): StackError {
  try {
    readDefinition(text, "stack.yaml", set);
  } catch (error) {
    if (isStackError(error)) return error;
    throw error;
  }
  throw new Error("no fault was found");
}

t.test("--set puts a value in the place of the file's, and the changed text means the same", async (t) => {
  const { definition, text } = readDefinition(stockAnalysis, "stack.yaml", [
    "container.memory=4GiB",
    "services.frontend.port=9005",
    "redis.policy=noeviction",
    "redis.ports.0=7000",
    "services.event-bus.bindings=[a.*, b.#]",
    'rabbitmq.minimumVersion="3.10"',
    "container.network={address: 10.0.0.5/24, gateway: 10.0.0.1}",
  ]);
  t.equal(definition.container.memory, 4096);
  t.equal(definition.services.frontend?.port, 9005);
  t.equal(definition.redis?.policy, "noeviction");
  t.strictSame(definition.redis?.ports, [7000, 6380, 6381]);
  t.strictSame(definition.services["event-bus"]?.bindings, ["a.*", "b.#"]);
  t.equal(definition.rabbitmq?.minimumVersion, "3.10");
  t.match(definition.container.network, { address: "10.0.0.5/24" });
  t.strictSame(parseDefinition(text, "stack.yaml"), definition);
  t.match(text, "memory: 4GiB");
  const comments = (of: string): string[] => of.match(/# .*$/gm) ?? [];
  t.strictSame(comments(text), comments(stockAnalysis), "every comment is kept");
});

t.test("--set adds what the file leaves to its default, and null takes a section out", async (t) => {
  const tiny = "# mine\nname: tiny\nversion: 1.0.0\nredis:\nservices: { web: { port: 8080 } }\n";
  const { definition, text } = readDefinition(tiny, "stack.yaml", [
    "postgres.port=5433",
    "redis.maxmemory=1GiB",
    "services.web.needs=[postgres]",
  ]);
  t.equal(definition.postgres?.port, 5433);
  t.equal(definition.redis?.maxmemory, 1024);
  t.match(text, /^# mine$/m);
  t.strictSame(parseDefinition(text, "stack.yaml"), definition);
  const without = readDefinition(stockAnalysis, "stack.yaml", ["rabbitmq=null"]);
  t.equal(without.definition.rabbitmq, undefined);
  t.equal(readDefinition(stockAnalysis, "stack.yaml").text, stockAnalysis, "without any, the text as it was");
});

t.test("every fault of file and options comes at once, each where it was made", async (t) => {
  const error = faults(
    stockAnalysis.replace("journal: 512 MiB", "jurnal: 512 MiB"),
    "container.memroy=4GiB",
    "contaner.cores=2",
    "container.cores=many",
    "services.web.module=app",
    "name.first=x",
    "postgres.viewRefresh=*/5 * * * *",
    "redis.ports=[6379, six, 6381]",
    "nonsense",
  );
  t.equal(error.code, "definition-invalid");
  t.equal(error.exit, 64);
  t.match(error.message, /^stack\.yaml has 9 faults$/);
  t.match(error.detail[0], /^stack\.yaml:\d+:1: jurnal: unknown key; did you mean "journal"\?$/);
  const rest = error.detail.slice(1);
  t.ok(
    rest.every((line) => line.startsWith("--set ")),
    rest.join("\n"),
  );
  const text = rest.join("\n");
  t.match(text, '--set container.memroy: unknown key; did you mean "memory"?');
  t.match(text, '--set contaner.cores: unknown key; did you mean "container"?');
  t.match(text, "--set container.cores: expected number, received string");
  t.match(text, "--set services.web.module: services.web.port: is missing (expected number)");
  t.match(text, "--set name.first: lies below a value that has no keys of its own");
  t.match(text, "--set postgres.viewRefresh: ");
  t.match(text, "--set redis.ports: redis.ports.1: expected number, received string");
  t.match(text, "--set nonsense: must be PATH=VALUE, e.g. --set container.memory=4GiB");
});
