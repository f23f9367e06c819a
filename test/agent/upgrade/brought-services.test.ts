import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import t from "tap";
import { deployedServices, findBrought } from "../../../agent/upgrade/brought-services.ts";
import type { Model } from "../../../stack/model.ts";
import { stackModel } from "../../stack/stack-model.ts";

const model = stackModel();

t.test("asked for is the code of those services alone that the definition in force has not", async (t) => {
  const asked: string[] = [];
  const brought = async (name: string): Promise<string | undefined> => {
    asked.push(name);
    return name === "prices" ? "/root/prices" : undefined;
  };
  const names = [...model.services.map(({ name }) => name), "prices", "orders"];
  t.strictSame([...(await findBrought(names, { model, brought }))], [["prices", "/root/prices"]]);
  t.strictSame(asked.sort(), ["orders", "prices"]);
  t.equal((await findBrought(names, { model })).size, 0);
});

t.test("a service is there by a release of it that is wanted, and whole", async (t) => {
  const folder = t.testdir();
  const paths = { ...model.paths, state: join(folder, "state"), opt: join(folder, "opt") };
  const wanted = (release: string) => ({ release, since: "2026-01-01T00:00:00Z" });
  const services = {
    prices: wanted("20260101-000000-aaaaaa"),
    orders: wanted("20260101-000000-bbbbbb"),
    bus: wanted("0"),
  };
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  };
  put(join(paths.state, "releases.json"), JSON.stringify({ schemaVersion: 1, services }));
  put(join(paths.opt, "services/prices/releases/20260101-000000-aaaaaa/release.json"), "{}");
  const there: Model = { ...model, paths };
  t.strictSame(await deployedServices(["prices", "orders", "bus", "none"], there), ["prices"]);
});
