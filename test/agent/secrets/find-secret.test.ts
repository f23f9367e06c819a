import t from "tap";
import { findMadeSecret } from "../../../agent/secrets/find-secret.ts";
import { clusterModelOf } from "../cluster/machine.ts";

t.test("what all members of a cluster share no machine rotates alone", async (t) => {
  const { secrets, ...model } = clusterModelOf(8090);
  const own = { name: "health.token", reader: "agent", purpose: "" } as const;
  const all = { ...model, secrets: [...secrets, own] };
  t.equal(findMadeSecret(all, "health.token"), "health.token");
  t.throws(() => findMadeSecret(all, "redis.auth"), { code: "shared-secret", exit: 64, hint: /secrets ls/ });
  t.throws(() => findMadeSecret(all, "redis.aut"), { code: "no-such-secret", hint: /redis\.auth/ });
});
