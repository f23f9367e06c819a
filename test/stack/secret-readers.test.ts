import t from "tap";
import { outdatedReaders, secretReaders } from "../../stack/secret-readers.ts";
import { stackModel } from "./stack-model.ts";

const model = stackModel();
const services = model.services.map(({ unit }) => unit);

t.test("a secret's readers are the services that are lent it, and the agent for its own", async (t) => {
  t.same(secretReaders("postgres.app", model), services);
  t.same(secretReaders("redis.auth", model), ["stack-agent.service", ...services]);
  t.same(secretReaders("postgres.superuser", model), []);
});

t.test("for another value the agent restarts where it is what others show, not where it logs in", async (t) => {
  t.same(outdatedReaders("redis.auth", model), services);
  t.same(outdatedReaders("postgres.agent", model), []);
  t.same(outdatedReaders("health.token", model), ["stack-agent.service"]);
});
