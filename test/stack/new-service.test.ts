/** A service that is new: its module's name, its files, its section, and where that goes in a stack.yaml. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import t from "tap";
import { starterFiles } from "../../builder/starter-files.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { addService } from "../../stack/new-service/add-service.ts";
import { moduleName } from "../../stack/new-service/module-name.ts";
import { newServiceFiles } from "../../stack/new-service/new-service-files.ts";
import { nextPort } from "../../stack/new-service/next-port.ts";
import { refuseServiceName } from "../../stack/new-service/refuse-service-name.ts";
import { serviceSection } from "../../stack/new-service/service-section.ts";

const lockOf = (name: string): string => readFileSync(`services/reference/${name}.lock`, "utf8");
const pins = (lock: string): string[] => [...lock.matchAll(/^([\w.-]+==\S+)/gm)].map(([, pin = ""]) => pin);

t.test("a module is called as its service, and never as one that others import", async (t) => {
  t.equal(moduleName("price-feed"), "price_feed");
  t.equal(moduleName("json"), "json_service");
  t.equal(moduleName("event-store"), "event_store_service");
  const standard = execFileSync("python3", ["-c", "import sys; print(*sys.stdlib_module_names)"], { encoding: "utf8" });
  const keywords = execFileSync("python3", ["-c", "import keyword; print(*keyword.kwlist)"], { encoding: "utf8" });
  const installed = pins(lockOf("requirements-test")).map((pin) => pin.split("==")[0]?.replaceAll("-", "_") ?? "");
  const words = [...standard.trim().split(" "), ...keywords.trim().split(" "), ...installed];
  const possible = words.filter((word) => /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(word));
  t.ok(possible.length > 200);
  t.same(
    possible.filter((word) => moduleName(word.replaceAll("_", "-")) === word),
    [],
  );
});

t.test("every word of the starter becomes the service's own, in names of files too", async (t) => {
  const starter = await starterFiles();
  const files = newServiceFiles(starter, { name: "price-feed", port: 8017 });
  t.equal(files.size, starter.size);
  for (const [path, text] of files) {
    if (!path.endsWith(".lock")) t.notMatch(`${path}\n${text}`, /a_service|a-service|8099/, path);
  }
  for (const path of [
    "price_feed/__main__.py",
    "event_store/py.typed",
    "requirements.lock",
    ".gitignore",
    "Dockerfile",
  ]) {
    t.ok(files.has(path), path);
  }
  t.match(files.get("Dockerfile"), /^CMD \["python", "-m", "price_feed"\]$/m);
  t.match(files.get("price_feed/settings.py"), "default=8017");
  t.equal(files.get("requirements.lock"), lockOf("requirements"), "the lock of the template's own services");
  const other = newServiceFiles(starter, { name: "a-service-x", port: 8099 });
  t.match(other.get("a_service_x/items.py"), '"a-service-x.item"', "a name with the starter's in it");
});

t.test("what its pyproject.toml pins is what its lock has, and what is tested with", async (t) => {
  const text = readFileSync("services/starter/pyproject.toml", "utf8");
  const pinned = [...text.matchAll(/^ {2}"([\w-]+)(?:\[[\w,]+\])?(==\S+)",$/gm)].map(
    ([, name, pin]) => `${name}${pin}`,
  );
  t.ok(pinned.length > 8);
  const [dependencies = "", development = ""] = text.split("[dependency-groups]");
  for (const pin of pinned) {
    t.ok(pins(lockOf("requirements-test")).includes(pin), pin);
    if (!development.includes(`"${pin}"`)) t.ok(pins(lockOf("requirements")).includes(pin), `${pin}, deployed`);
  }
  t.notMatch(dependencies, /^ {2}"[^=]*",$/m, "each has its version");
});

const head = "name: orders\nversion: 1.0.0\npostgres: {}\n";
const section = serviceSection("price-feed", 8002, {});

t.test("a section goes behind the services that are there, and no other byte changes", async (t) => {
  const lines =
    "  price-feed:\n    port: 8002\n    source: services/price-feed\n    module: price_feed\n    needs: [postgres]\n";
  for (const [before, after] of [
    [`${head}services:\n  api:\n    port: 8001   # the first\n`, ""],
    [`${head}services:\n  api: { port: 8001 }\n`, "# the end\n\nredis: {}\n"],
    [`${head}services:\n    # of ours\n    api:\n        port: 8001`, ""],
    ["services:\n  api:\n    port: 8001\n", `\n# what else\n${head}`],
  ] as const) {
    const indented = before.includes("    # of ours") ? lines.replace(/^ {2}/gm, "    ") : lines;
    const text = addService(before + after, "price-feed", section, "stack.yaml");
    t.equal(text, `${before.replace(/[^\n]$/, "$&\n")}${indented}${after}`);
    t.match(parseDefinition(text, "stack.yaml").services["price-feed"], section);
  }
});

t.test("services in one line, and of an anchor, get it too", async (t) => {
  for (const text of [
    `${head}services: { api: { port: 8001 } }\n`,
    `x-all: &all\n  api: { port: 8001 }\n${head}services:\n  <<: *all\n`,
  ]) {
    const services = parseDefinition(addService(text, "price-feed", section, "stack.yaml"), "stack.yaml").services;
    t.strictSame(Object.keys(services).sort(), ["api", "price-feed"]);
  }
});

t.test("a name or a port that is taken is refused", async (t) => {
  const text = `${head}services:\n  api: { port: 8002 }\n`;
  t.throws(() => addService(text, "api", section, "stack.yaml"), { code: "service-there", exit: 64 });
  t.throws(() => addService(text, "price-feed", section, "stack.yaml"), {
    code: "definition-invalid",
    detail: [/port 8002/],
  });
  for (const name of ["Price", "a_b", "-a", "a".repeat(28), "", "../a"]) {
    t.throws(() => refuseServiceName(name), { code: "bad-service-name", exit: 64 }, name);
  }
});

t.test("it consumes where there is RabbitMQ, and its port is the next", async (t) => {
  const stack = parseDefinition(readFileSync("stack/stock-analysis.yaml", "utf8"), "stack.yaml");
  t.match(serviceSection("price-feed", 8006, stack), { needs: ["postgres", "rabbitmq"], bindings: ["price-feed.*"] });
  t.equal(nextPort(stack), 8006);
  t.equal(nextPort(undefined), 8006);
});
