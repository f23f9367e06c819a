import t from "tap";
import { serviceAccountIds } from "../../stack/account-ids.ts";
import { dependencies } from "../../stack/components/index.ts";
import { system } from "../../stack/components/system/component.ts";
import type { Suite } from "../../stack/debian.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import type { Model } from "../../stack/model.ts";
import { resolve } from "../../stack/resolve.ts";
import { stackModel } from "./stack-model.ts";

const orders = (text: string, debian: Suite = "bookworm"): Model =>
  resolve({ ...parseDefinition(`name: orders\nversion: 1.0.0\n${text}`, "stack.yaml"), debian });

/** Name → number of every account a model declares. */
function accounts({ users, packagedAccounts }: Model): Map<string, number> {
  const groups = users.flatMap((user) => user.groups);
  return new Map([...users, ...packagedAccounts, ...groups].map(({ name, id }) => [name, id]));
}

t.test("a server's account has the same number in every template, on both Debians", async (t) => {
  const whole = accounts(stackModel());
  for (const model of [
    stackModel("trixie"),
    orders("postgres: {}\nservices: { web: { port: 8080 } }"),
    orders("redis: {}\nservices: { web: { port: 8080 } }", "trixie"),
    orders("rabbitmq: {}\nservices: { web: { port: 8080 } }"),
  ]) {
    const others = [...accounts(model)].filter(([name]) => whole.has(name));
    t.ok(others.length >= 8, `${others.length} accounts are compared`);
    t.same(others, [...new Map(others.map(([name]) => [name, whole.get(name)]))]);
  }
});

t.test("numbers are given once, far from those that adduser and systemd-sysusers give", async (t) => {
  const packaged = [system, ...dependencies].flatMap(({ packagedAccounts = [] }) => packagedAccounts);
  t.equal(new Set(packaged.map(({ id }) => id)).size, packaged.length);
  for (const [name, id] of accounts(stackModel())) t.ok(id >= 300 && id < 900, `${name}: ${id}`);
  for (const { id } of packaged) t.ok(id < 399, `${id} is no service's, and not the stack's group's`);
});

t.test("a service's number follows its name: others come and go", async (t) => {
  const names = ["broker-gateway", "intelligent-core", "event-bus", "monitoring", "frontend"];
  const all = serviceAccountIds(names);
  t.equal(new Set(all.values()).size, names.length);
  for (const name of names) {
    t.equal(serviceAccountIds([name]).get(name), all.get(name), `${name} alone`);
    t.equal(serviceAccountIds(["zebra", ...names].toReversed()).get(name), all.get(name), `${name} among others`);
  }
  t.equal(all.get("frontend"), 685, "in every release");
});

t.test("any number of names has a number each, none outside", async (t) => {
  const ids = serviceAccountIds(Array.from({ length: 500 }, (_, index) => `service-${index}`));
  t.equal(new Set(ids.values()).size, 500);
  t.ok([...ids.values()].every((id) => id >= 400 && id < 900));
});
