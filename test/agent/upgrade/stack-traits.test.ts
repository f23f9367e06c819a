import t from "tap";
import { stackTraits } from "../../../agent/upgrade/stack-traits.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";

t.test("whether a component's servers are here is a trait; of somebody else's they may be others", async (t) => {
  const traits = (section: string) => {
    const text = `name: shop\nversion: 1.0.0\npostgres: ${section}\nservices:\n  a: { port: 8001 }\n`;
    return stackTraits(resolve(parseDefinition(text, "stack.yaml"))).data;
  };
  const external = traits("{ external: { addresses: [db1], admin: x } }");
  t.equal(traits("{}")["postgres's servers"], "here");
  t.equal(external["postgres's servers"], "elsewhere");
  t.same(traits("{ external: { addresses: [db1, db2], admin: x } }"), external);
});
