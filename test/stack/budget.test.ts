import { readFileSync } from "node:fs";
import t from "tap";
import { budget } from "../../stack/budget.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";

const model = resolve(parseDefinition(readFileSync("stack/stock-analysis.yaml", "utf8"), "stock-analysis.yaml"));

t.test("8 GiB gives each Redis node 727 MiB and says what was cut", async (t) => {
  const shares = budget(model, 8192);
  t.equal(shares.miB.redis, 727);
  t.equal(shares.miB.postgres, 2048);
  t.equal(shares.miB.rabbitmq, 512);
  t.strictSame(shares.cuts, ["redis maxmemory 727 MiB of 2 GiB declared: container has 8 GiB"]);
  t.strictSame(shares.shares, [
    { component: "postgres", setting: "shared_buffers", miB: 2048 },
    { component: "redis", setting: "maxmemory", miB: 727, processes: 3, declaredMiB: 2048 },
    { component: "rabbitmq", setting: "vm_memory_high_watermark", miB: 512 },
  ]);
});

t.test("enough memory cuts nothing: that is 16 GiB", async (t) => {
  const shares = budget(model, 16 * 1024);
  t.equal(shares.miB.redis, 2048);
  t.strictSame(shares.cuts, []);
  t.ok(shares.shares.every(({ declaredMiB }) => declaredMiB === undefined));
});

t.test("at the worst moment every size fits: one node doubled while it saves", async (t) => {
  for (let memory = 2048; memory <= 65536; memory += 512) {
    const shares = budget(model, memory);
    const { postgres = 0, redis = 0, rabbitmq = 0 } = shares.miB;
    const worst = postgres + 4 * redis + rabbitmq;
    t.ok(worst < memory, `${memory} MiB: ${worst} MiB`);
    t.ok(redis > 0 && postgres > 0 && rabbitmq > 0);
  }
});

t.test("the smallest container leaves RabbitMQ more than an idle broker uses", async (t) => {
  t.equal(budget(model, 2048).miB.rabbitmq, 256);
});

t.test("below 2 GiB provisioning refuses and names the command that helps", async (t) => {
  t.throws(() => budget(model, 1024), { code: "too-little-memory", hint: /pct set VMID --memory/ });
  t.doesNotThrow(() => budget(model, 2040), "a 2 GiB container that shows a little less is taken");
});

t.test(
  "of several that want more than there is, each gets of the rest by what it wants, and the worst moment fits",
  async (t) => {
    const claim = { setting: "limit", processes: 1 };
    const { miB, cuts } = budget(
      {
        memory: [
          { ...claim, component: "redis", wanted: 9000, worst: 2 },
          { ...claim, component: "postgres", wanted: 3000, worst: 1 },
        ],
      },
      8192,
    );
    const { redis = 0, postgres = 0 } = miB;
    t.ok(Math.abs(redis / postgres - 3) < 0.01, `${redis} and ${postgres} MiB`);
    t.ok(redis * 2 + postgres < 8192 - 2900);
    t.equal(cuts.length, 2);
  },
);
