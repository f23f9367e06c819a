import { readFileSync } from "node:fs";
import t from "tap";
import { budget } from "../../stack/budget.ts";
import { parseDefinition } from "../../stack/definition/parse.ts";
import { resolve } from "../../stack/resolve.ts";

const model = resolve(parseDefinition(readFileSync("stack/stock-analysis.yaml", "utf8"), "stock-analysis.yaml"));

t.test("8 GiB gives each Redis node 485 MiB and says what was cut", async (t) => {
  const shares = budget(model, 8192);
  t.equal(shares.redisMaxmemoryMiB, 485);
  t.equal(shares.sharedBuffersMiB, 2048);
  t.equal(shares.rabbitmqWatermarkMiB, 512);
  t.strictSame(shares.cuts, ["redis maxmemory 485 MiB of 2 GiB declared: container has 8 GiB"]);
  t.strictSame(shares.shares, [
    { component: "postgres", setting: "shared_buffers", miB: 2048 },
    { component: "redis", setting: "maxmemory", miB: 485, processes: 3, declaredMiB: 2048 },
    { component: "rabbitmq", setting: "vm_memory_high_watermark", miB: 512 },
  ]);
});

t.test("enough memory cuts nothing", async (t) => {
  const shares = budget(model, 24 * 1024);
  t.equal(shares.redisMaxmemoryMiB, 2048);
  t.strictSame(shares.cuts, []);
  t.ok(shares.shares.every(({ declaredMiB }) => declaredMiB === undefined));
});

t.test("at the worst moment every size fits: each node doubled while it saves", async (t) => {
  for (let memory = 2048; memory <= 65536; memory += 512) {
    const shares = budget(model, memory);
    const worst = shares.sharedBuffersMiB + 6 * shares.redisMaxmemoryMiB + shares.rabbitmqWatermarkMiB;
    t.ok(worst < memory, `${memory} MiB: ${worst} MiB`);
    t.ok(shares.redisMaxmemoryMiB > 0);
  }
});

t.test("the smallest container leaves RabbitMQ more than an idle broker uses", async (t) => {
  t.equal(budget(model, 2048).rabbitmqWatermarkMiB, 256);
});

t.test("below 2 GiB provisioning refuses and names the command that helps", async (t) => {
  t.throws(() => budget(model, 1024), { code: "too-little-memory", hint: /pct set VMID --memory/ });
  t.doesNotThrow(() => budget(model, 2040), "a 2 GiB container that shows a little less is taken");
});
