import t from "tap";
import { layerKey } from "../../../builder/cache/layer-key.ts";

t.test("a layer's key is the same for the same inputs, in whatever order they are written", async (t) => {
  t.equal(layerKey("base", { a: 1, b: { c: 2, d: 3 } }), layerKey("base", { b: { d: 3, c: 2 }, a: 1 }));
});

t.test("and another for any other input, order of a list, or layer", async (t) => {
  const key = layerKey("base", { packages: ["a", "b"] });
  t.not(key, layerKey("base", { packages: ["b", "a"] }));
  t.not(key, layerKey("base", { packages: ["a"] }));
  t.not(key, layerKey("python", { packages: ["a", "b"] }));
});
