import { readFileSync } from "node:fs";
import t from "tap";
import { budget } from "../../stack/budget.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { renderFile } from "../../stack/render/render-file.ts";
import { resolve } from "../../stack/resolve.ts";

const templates = (path: string) => readFileSync(path, "utf8");
const model = resolve(parseDefinition(readFileSync("stack/stock-analysis.yaml", "utf8"), "stock-analysis.yaml"));
const tiny = resolve(parseDefinition("name: tiny\nversion: 0.1.0\nservices: { web: { port: 8080 } }", "tiny.yaml"));

t.test("every file of the table can be rendered, and no build file needs the machine", async (t) => {
  const secret = (name: string, form = "plain") => `«secret:${name}|${form}»`;
  for (const stack of [model, tiny]) {
    for (const entry of stack.files.filter((file) => file.kind === "file")) {
      const context = entry.when === "build" ? { templates } : { templates, secret, budget: budget(stack, 8192) };
      const text = renderFile(entry, stack, context);
      t.ok(text.length > 0, entry.path);
      t.notMatch(text, /undefined|\[object Object\]|<%/, entry.path);
    }
  }
});

t.test("secrets appear in boot files only, and each is declared", async (t) => {
  const asked = new Set<string>();
  const secret = (name: string) => {
    asked.add(name);
    return "x";
  };
  for (const entry of model.files.filter((file) => file.kind === "file")) {
    renderFile(entry, model, { templates, secret, budget: budget(model, 8192) });
    if (entry.when === "build") t.equal(asked.size, 0, entry.path);
    else asked.clear();
  }
  const declared = new Set(model.secrets.map((spec) => spec.name));
  for (const service of model.services)
    for (const { secret } of service.credentials) t.ok(declared.has(secret), secret);
});

t.test("only the agent and the services answer from outside", async (t) => {
  const outside = model.ports.filter((use) => use.bind === "any").map((use) => use.port);
  t.strictSame(outside.sort(), [8000, 8001, 8002, 8003, 8004, 8005]);
  t.equal(new Set(model.ports.map((use) => use.port)).size, model.ports.length, "no port twice");
});

t.test("a service waits for what it needs and never requires it", async (t) => {
  for (const service of model.services) {
    const entry = model.files.find((file) => file.path === `/etc/systemd/system/${service.unit}`);
    if (entry === undefined) throw new Error(service.unit);
    const text = renderFile(entry, model, { templates });
    t.match(text, /^After=.*stack-provision\.service.*postgresql@15-main\.service.*rabbitmq-server\.service/m);
    t.match(text, /^Wants=.*redis-server@6381\.service/m);
    t.notMatch(text, /^(Requires|BindsTo)=(?!stock-analysis-[a-z-]+\.socket$)/m);
  }
});

t.test("no unit of ours waits for the network, and none of a package's does in the place of ours", async (t) => {
  for (const entry of model.files.filter((file) => file.template?.startsWith("units/"))) {
    const ordering = /^(After|Wants|Requires|BindsTo)=.*\b(network|networking|network-online|remote-fs|nss-lookup)\b/m;
    t.notMatch(renderFile(entry, model, { templates }), ordering, entry.path);
  }
  const whole = new Set(model.files.map(({ path }) => path));
  for (const unit of ["postgresql@15-main", "redis-server@6379", "rabbitmq-server", "epmd", "ssh"]) {
    t.ok(whole.has(`/etc/systemd/system/${unit}.service`), `${unit}: Debian's waits, and After= can't be taken back`);
  }
});

t.test("no unit of ours asks for a dynamic user, which no container can have", async (t) => {
  for (const entry of model.files.filter((file) => file.template?.startsWith("units/"))) {
    t.notMatch(renderFile(entry, model, { templates }), /^DynamicUser=(?!no)/m, entry.path);
  }
});

t.test("what the container allows is tried at boot, unless the definition says it", async (t) => {
  const setting = (one: typeof model): string =>
    one.files
      .filter(({ path }) => path === "/etc/stack-agent/sandbox")
      .map((file) => renderFile(file, one, { templates }))
      .join();
  t.equal(setting(model), "auto\n");
  t.equal(setting(resolve({ ...model.definition, sandbox: "no-nesting" })), "no-nesting\n");
});

t.test("a component left out leaves nothing behind", async (t) => {
  // The agent's manual is the program's: it tells of the stages of any stack.
  const files = tiny.files.filter(({ data }) => data?.manual === undefined && data?.completion === undefined);
  t.equal(files.length, tiny.files.length - 2);
  const text = JSON.stringify([files, tiny.units, tiny.secrets, tiny.packages, tiny.ports]);
  t.notMatch(text, /postgresql|redis|rabbitmq/);
  t.strictSame(tiny.services[0]?.needs, []);
});
