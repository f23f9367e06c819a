import t from "tap";
import { releaseMemory } from "../../../agent/health/release-memory.ts";

t.test("what nobody holds any more is given back", async (t) => {
  const held = { text: Array.from({ length: 200_000 }, (_, index) => ({ index })) };
  const before = process.memoryUsage().heapUsed;
  held.text = [];
  releaseMemory();
  t.ok(process.memoryUsage().heapUsed < before - 5_000_000);
});
