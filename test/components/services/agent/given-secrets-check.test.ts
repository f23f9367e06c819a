import t from "tap";
import { givenSecretsCheck, givenSecretsOutcome } from "../../../../components/services/agent/given-secrets-check.ts";
import type { Model } from "../../../../stack/model.ts";

t.test("what is not given is a warning that names it, its services and the command", async (t) => {
  const state = t.testdir({ secrets: { alpaca_key: "x" } });
  const given = (name: string, ...services: string[]) => ({
    name,
    description: "",
    restart: true,
    services: services.map(reader),
  });
  const reader = (name: string) => ({ name, unit: `${name}.service`, user: `svc-${name}` });
  const paths = { state } as Model["paths"];
  const look = async (...givenSecrets: Model["givenSecrets"]) => {
    const open = givenSecretsCheck({ paths, givenSecrets })({ model: {} as Model, secret: async () => undefined });
    return open.run(AbortSignal.timeout(5_000));
  };
  t.match(await look(given("alpaca_key", "api")), { status: "pass", code: "ok", observedValue: 0 });
  t.strictSame(await look(given("alpaca_key", "api"), given("llm_key", "api", "web")), {
    status: "warn",
    code: "missing",
    message: "llm_key of api, web is not set (stack-agent secrets set llm_key)",
    observedValue: 1,
  });
});

t.test("it is no outage, however many are missing", async (t) => {
  const missing = ["a", "b", "c"].map((name) => ({
    name,
    services: [{ name: "api", unit: "api.service", user: "svc-api" }],
  }));
  t.match(givenSecretsOutcome(missing), { status: "warn", message: /^a of api.*; b of api.*; c of api/ });
});
