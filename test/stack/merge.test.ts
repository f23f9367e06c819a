import t from "tap";
import { definitionJsonSchema, type JsonSchema } from "../../stack/definition/json-schema.ts";
import { parseDefinition, readDefinition } from "../../stack/definition/parse.ts";
import { faultsOf } from "./faults-of.ts";

const text = `# shared
x-service: &service
  port: 8001
  notify: false
x-machine: &machine { cores: 2, memory: 4 GiB }
x-note: anything
name: orders
version: 1.0.0
container:
  <<: *machine
  x-why: it is small
  swap: 1 GiB
services:
  api: *service
  bill: { <<: *service, port: 8002, x-owner: ada }
  ship:
    <<: [{ port: 8003 }, *service]
`;

t.test("merge keys, aliases and x- keys are as in compose", async (t) => {
  const { container, services } = parseDefinition(text, "stack.yaml");
  t.match(container, { cores: 2, memory: 4096, swap: 1024 });
  t.match(services, {
    api: { port: 8001, notify: false },
    bill: { port: 8002, notify: false },
    ship: { port: 8003, notify: false },
  });
  t.match(faultsOf(`${text}  x-later: {}\n`), [/services\.x-later\.port: is missing/], "among services it is a name");
});

t.test("an editor's schema takes x- keys wherever a key is known, and no other", async (t) => {
  const check = (schema: JsonSchema, path: string): void => {
    for (const choice of schema.anyOf ?? []) check(choice, path);
    if (schema.properties === undefined) return;
    t.equal(schema.additionalProperties, false, path);
    t.same(schema.patternProperties, { "^x-": {} }, path);
    for (const [key, inner] of Object.entries(schema.properties)) check(inner, `${path}.${key}`);
  };
  const schema = definitionJsonSchema();
  check(schema, "");
  check(schema.properties?.services?.additionalProperties as JsonSchema, "services.NAME");
});

t.test("a fault in what is merged in is told where it is written", async (t) => {
  const faults = faultsOf(text.replace("  notify: false", "  notifi: false").replace("cores: 2", "cores: 0"));
  t.ok(faults.length >= 4);
  t.ok(
    faults.every((line) =>
      /^stack\.yaml:(4:3: services\.(api|bill|ship)\.notifi: unknown key|5:30: container\.cores)/.test(line),
    ),
    faults.join("\n"),
  );
});

t.test("--set changes its own place, not what others share", async (t) => {
  const set = ["services.api.port=9001", "services.ship.notify=true", "container.cores=3", "container.memory=null"];
  const { definition, text: changed } = readDefinition(text, "stack.yaml", set);
  t.match(definition.services, {
    api: { port: 9001, notify: false },
    bill: { port: 8002, notify: false },
    ship: { port: 8003, notify: true },
  });
  t.match(definition.container, { cores: 3, memory: 8192, swap: 1024 });
  t.match(changed, /^# shared$/m);
  t.strictSame(parseDefinition(changed, "stack.yaml"), definition, "the changed text means the same");
  t.match(faultsOf(text, ["container.coers=3"]), [/^--set container\.coers: unknown key; did you mean "cores"/]);
});

t.test("an alias without its anchor, and a merge of no map, are faults with their place", async (t) => {
  const stack = (api: string) => `name: orders\nversion: 1.0.0\nservices:\n  api: ${api}\n`;
  t.match(faultsOf(stack("*nothing")), [/^stack\.yaml:4:8: there is no &nothing before it$/]);
  t.match(faultsOf(stack("{ <<: 5, port: 8001 }")), [/^stack\.yaml:4:10: << takes a map, or a list of maps$/]);
  t.match(faultsOf(stack("&a { <<: *a, port: 8001 }")), [/^stack\.yaml/]);
});
