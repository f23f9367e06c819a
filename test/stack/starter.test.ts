import t from "tap";
import { definitionJsonSchema } from "../../stack/definition/json-schema.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { settingRows } from "../../stack/definition/setting-rows.ts";
import { starterDefinition } from "../../stack/definition/starter.ts";

const services = "services:\n  hello: { port: 8001 }\n";
const text = starterDefinition({ name: "my-shop", components: ["postgres", "redis"], services });

t.test("a starter is a whole definition, and what it comments out is left to its default", async (t) => {
  const definition = parseDefinition(text, "stack.yaml");
  const plain = "name: my-shop\nversion: 0.1.0\npostgres: {}\nredis: {}\n";
  t.strictSame(definition, parseDefinition(plain + services, "stack.yaml"));
});

t.test("it names every setting there is, with what it does", async (t) => {
  for (const { path, description } of settingRows(definitionJsonSchema())) {
    t.not(description, "", `${path} says what it is`);
    // Told by the description of what they are in; `external` is in the place of what is in the file.
    if (/\.external(\.|$)/.test(path)) continue;
    // A cluster is begun with three machines: docs/cluster.md.
    if (/^cluster(\.|$)/.test(path)) continue;
    if (/^(container\.(network|volumes)|backup\.target|metrics\.receivers)\./.test(path)) continue;
    const key = path.slice(path.lastIndexOf(".") + 1);
    t.match(text, new RegExp(`^ *(# *)*${key}:`, "m"), path);
    t.ok(text.includes(description), `what ${path} does`);
  }
});

t.test("its commented settings can be used as they are", async (t) => {
  const used = text
    .replace(/^( *)# (?=( *# | *\w+:( |$)))/gm, "$1")
    .replace(
      /^ +(port|bindings|queue|needs|module|command|health|notify|socket|source|for|restart|description|schedule|user|timeout): [A-Z`].*\n/gm,
      "",
    );
  const definition = parseDefinition(used, "stack.yaml");
  t.equal(definition.container.hostname, "my-shop");
  t.equal(definition.postgres?.database, "my_shop_event_store");
  t.equal(definition.rabbitmq?.vhost, "/my-shop");
  t.match(used, /^ {2}minimumVersion: "3\.12"$/m);
});
