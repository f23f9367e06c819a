import t from "tap";
import { type BareHostFacts, broughtPackages } from "../../../../components/system/agent/bare-host.ts";
import { resetSystem } from "../../../../components/system/agent/reset.ts";
import type { SystemFacts } from "../../../../components/system/agent/system-facts.ts";
import type { ResetWish } from "../../../../engine/stage.ts";
import { parseDpkgStatus } from "../../../../lib/dpkg-status.ts";
import { stackModel } from "../../../stack/stack-model.ts";

const model = stackModel();
const users = model.users.map(({ name }) => name);
const groups = [...new Set(model.users.flatMap((user) => user.groups.map(({ name }) => name)))];

const bare: BareHostFacts = {
  fresh: false,
  host: { at: "", files: [], packages: ["git", "redis-server"], locale: "en_US.UTF-8" },
  replaced: [],
  changed: [],
  data: [],
  taken: [],
  brought: [
    { name: "git", removed: true },
    { name: "redis-server", removed: false },
  ],
  interrupted: false,
  free: undefined,
};

const facts: SystemFacts = {
  debian: "12.8",
  memory: 8192,
  packages: [],
  accounts: [],
  locale: true,
  secrets: [],
  lostSecrets: [],
  bare,
  machineId: "a",
  knownMachineId: "a",
  place: undefined,
  knownPlace: undefined,
  sshKeys: [],
  leftJobs: [],
  own: { state: true, run: true, cache: true },
  components: [],
  early: [],
};
const gone: SystemFacts = {
  ...facts,
  accounts: [...users, ...groups],
  bare: { ...bare, fresh: true, host: undefined, brought: [] },
  own: { state: false, run: false, cache: false },
};

const host: ResetWish = { data: false, force: false, baked: false };

t.test("a host's reset takes users, locale, packages; the state, with the secrets, stays with the data", async (t) => {
  const { actions, kept } = resetSystem(facts, model, host);
  t.same(
    actions.map(({ do: kind, args }) => [kind, args]),
    [
      ["removeUsers", { users, groups }],
      ["removeLocale", { locale: "en_US.UTF-8" }],
      ["removePackages", { packages: ["redis-server"], purge: false }],
      ["removeTree", { path: "/var/cache/stack-agent" }],
      ["forgetHost", {}],
      ["removeTree", { path: "/run/stack-agent" }],
    ],
  );
  t.match(kept, [/^\/var\/lib\/stack-agent stays/]);
});

t.test("with the data it takes the packages' configuration too, left by an earlier reset", async (t) => {
  const { actions, kept } = resetSystem(facts, model, { ...host, data: true });
  t.match(actions[2]?.args, { packages: ["git", "redis-server"], purge: true });
  t.match(actions.at(-2)?.args, { path: "/var/lib/stack-agent" });
  t.same(kept, []);
});

t.test("where nothing is left there is nothing to do", async (t) => {
  for (const data of [true, false]) t.same(resetSystem(gone, model, { ...host, data }), { actions: [], kept: [] });
  const reset = { ...bare, brought: [], host: { at: "", files: [], packages: [], reset: "now" } };
  t.same(resetSystem({ ...gone, bare: reset }, model, host).actions, []);
});

t.test("in a container of the template users, locale and packages are baked, and stay", async (t) => {
  const { actions } = resetSystem({ ...facts, bare: undefined }, model, { ...host, baked: true });
  t.same(
    actions.map(({ do: kind, args }) => [kind, args]),
    [
      ["removeTree", { path: "/var/cache/stack-agent" }],
      ["removeTree", { path: "/run/stack-agent" }],
    ],
  );
});

const status = `Package: redis-server
Status: install ok installed

Package: git
Status: deinstall ok config-files
`;

t.test("what dpkg knows: packages that are left", async (t) => {
  t.same(broughtPackages(parseDpkgStatus(status), ["git", "redis-server", "curl"]), [
    { name: "git", removed: true },
    { name: "redis-server", removed: false },
  ]);
});
