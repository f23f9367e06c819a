import { readFile } from "node:fs/promises";
import t from "tap";
import type { Entry } from "../../../../builder/archive/archive-of-entries.ts";
import { resource } from "../../../../builder/resource.ts";
import { controlText } from "../../../../builder/targets/deb/control-text.ts";
import { conffiles, debEntries } from "../../../../builder/targets/deb/deb-entries.ts";
import { run } from "../../../../lib/run.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();

function entry(path: string): Entry {
  return { path, mode: 0o644, content: { kind: "text", text: path } };
}

t.test("it holds the agent's tree, the definition and the user's own files; the rest provision writes", async (t) => {
  const overlay = [
    "/usr/bin/stack-agent",
    "/usr/share/stack-agent/templates/units/stack.target.ejs",
    "/usr/share/stack-agent/manifest.json",
    "/usr/lib/systemd/system-preset/10-stack-agent.preset",
    "/etc/stack-agent/stack.yaml",
    "/etc/systemd/system/stack-agent.service",
    "/etc/systemd/system/multi-user.target.wants/stack-agent.service",
    "/etc/systemd/system/logrotate.service.d/90-nesting.conf",
    "/etc/motd",
    "/etc/mine.conf",
    "/var/lib/stack-agent",
  ].map(entry);
  const entries = debEntries(overlay, [{ path: "/etc/mine.conf" }], model);
  t.same(
    entries.map(({ path }) => path),
    [
      "/usr/bin/stack-agent",
      "/usr/share/stack-agent/templates/units/stack.target.ejs",
      "/etc/stack-agent/stack.yaml",
      "/etc/mine.conf",
    ],
  );
  t.same(conffiles(entries), ["/etc/mine.conf", "/etc/stack-agent/stack.yaml"]);
});

t.test(
  "nothing of the stack's packages is a dependency: their servers would start before the agent has a say",
  async (t) => {
    const control = controlText(model, 1);
    t.match(control, /^Package: stack-agent-stock-analysis\nVersion: \d+\.\d+\.\d+\nArchitecture: amd64\n/);
    const depends =
      /^Depends: (.*)$/m
        .exec(control)?.[1]
        ?.split(", ")
        .map((one) => one.split(" ")[0] ?? "") ?? [];
    const servers = model.packages.filter((name) => /postgresql|redis|rabbitmq|python/.test(name));
    t.ok(servers.length > 3);
    t.same(
      servers.filter((name) => depends.includes(name)),
      [],
    );
    t.match(control, /^Description: .+\n( .+\n)+$/m);
  },
);

t.test("its scripts set nothing up and start nothing that does not run", async (t) => {
  for (const script of ["postinst", "prerm", "postrm"]) {
    const path = resource(`targets/deb/${script}.sh`);
    await run("sh", ["-n", path]);
    t.notMatch(await readFile(path, "utf8"), /^\s*(stack-agent|systemctl (start|enable|restart)) /m, script);
  }
});
