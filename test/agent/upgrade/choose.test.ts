import t from "tap";
import { chooseDefinition } from "../../../agent/upgrade/choose-definition.ts";
import { chooseServices } from "../../../agent/upgrade/choose-services.ts";

t.test(
  "the definition: given goes before all; the machine's own change stays; where both changed, you are asked",
  async (t) => {
    const choose = (inForce: string, before: string | undefined, coming: string, given?: string) =>
      chooseDefinition({ inForce, before, coming, given });
    t.same(choose("a", "a", "b"), { text: "b", from: "of the release" });
    t.same(choose("a", "a", "a"), { text: "a", from: "of the release" });
    t.same(choose("mine", "a", "a"), { text: "mine", from: "kept" });
    t.same(choose("b", "a", "b"), { text: "b", from: "of the release" }, "changed by hand to the very same");
    t.same(choose("mine", "a", "b", "given"), { text: "given", from: "given" });
    t.throws(() => choose("mine", "a", "b"), { code: "definition-conflict", hint: /--definition/ });
    t.throws(() => choose("mine", undefined, "b"), { code: "definition-conflict" });
  },
);

t.test("services: other code is taken, but for what was deployed for a service alone", async (t) => {
  const coming = { services: { same: "1", other: "2", fresh: "3", deployed: "4", brought: "5" } };
  const running = { services: { same: "1", other: "1", deployed: "1", brought: "1", gone: "1" } };
  const facts = [
    { name: "same", wanted: "0", from: undefined },
    { name: "other", wanted: "0", from: undefined },
    { name: "deployed", wanted: "20261129-1", from: "/root/deployed" },
    { name: "brought", wanted: "20261129-2", from: "/opt/stack-agent/releases/1.0.1-aa/services/brought" },
  ];
  t.same(chooseServices(coming, running, facts), { changed: ["other", "fresh", "brought"], kept: ["deployed"] });
});
