import { mkdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import t from "tap";
import { serviceFigures } from "../../../../components/services/agent/service-figures.ts";

t.test("a service that was started again is counted, once each; its release is what `current` leads to", async (t) => {
  const root = t.testdir();
  const units = join(root, "run/systemd/units");
  const service = { name: "web", unit: "shop-web.service", folder: "/opt/shop/services/web" };
  await mkdir(units, { recursive: true });
  await mkdir(join(root, service.folder), { recursive: true });
  await symlink("releases/20260101-1", join(root, service.folder, "current"));
  const run = join(units, "invocation:shop-web.service");
  const look = serviceFigures(service, root);
  const restarts = async () => {
    const { stack_service_restarts_total: told } = await look();
    return Array.isArray(told) ? told[0].value : told;
  };
  t.equal(await restarts(), 0, "it does not run yet");
  await symlink("aaaa", run);
  t.equal(await restarts(), 0, "its first start is none");
  t.equal(await restarts(), 0);
  await rm(run);
  t.equal(await restarts(), 0, "stopped");
  await symlink("bbbb", run);
  t.equal(await restarts(), 1);
  t.same((await look()).stack_service_release_info, [{ labels: { service: "web", release: "20260101-1" }, value: 1 }]);
});
