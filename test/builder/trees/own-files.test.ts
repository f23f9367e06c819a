import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t, { type Test } from "tap";
import { layerKey } from "../../../builder/cache/layer-key.ts";
import { overlayInputs } from "../../../builder/layers/overlay/overlay.ts";
import { ownAccounts, ownFiles } from "../../../builder/trees/own-files.ts";
import { readTemplateTrees } from "../../../builder/trees/template-trees.ts";
import { isStackError, type StackError } from "../../../lib/error.ts";
import { parseDefinition } from "../../../stack/definition/parse.ts";
import { resolve } from "../../../stack/resolve.ts";

const project = join(import.meta.dirname, "../../..");

function model(more = "") {
  const text = `name: orders\nversion: 1.0.0\npostgres: {}\nservices: { api: { port: 8001 } }\n${more}`;
  return resolve(parseDefinition(text, "stack.yaml"));
}

/** A folder with these files: text, bytes, or a link's target behind "-> ". */
function folder(t: Test, files: Readonly<Record<string, string | Buffer>>): string {
  const made = mkdtempSync(join(tmpdir(), "own-"));
  t.teardown(() => rmSync(made, { recursive: true, force: true }));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(made, path)), { recursive: true });
    if (typeof content === "string" && content.startsWith("-> ")) symlinkSync(content.slice(3), join(made, path));
    else writeFileSync(join(made, path), content);
  }
  return made;
}

async function added(folder: string, of = model()) {
  const tree = await readTemplateTrees({ project, folder });
  const own = await ownFiles(tree, of, folder);
  return { tree, own, at: (path: string) => own.find((entry) => entry.path === path) };
}

async function faults(folder: string): Promise<StackError> {
  try {
    await added(folder);
  } catch (error) {
    if (isStackError(error)) return error;
    throw error;
  }
  throw new Error("no fault was found");
}

t.test("a file is put at its place: rendered, as it is, executable, a link", async (t) => {
  const bytes = Buffer.from([0xff, 0x00, 0xfe]);
  const here = folder(t, {
    "rootfs-overlay/etc/orders.conf.ejs": "name=<%= stack.name %> port=<%= stack.services[0].port %>\n",
    "rootfs-overlay/usr/share/orders/logo.bin": bytes,
    "rootfs-overlay/usr/local/bin/report": "#!/bin/sh\n",
    "rootfs-overlay/etc/alias.conf": "-> orders.conf",
    "rootfs-overlay/README.md": "not for the container",
    "rootfs-overlay/etc/kept/.gitkeep": "",
  });
  chmodSync(join(here, "rootfs-overlay/usr/local/bin/report"), 0o700);
  chmodSync(join(here, "rootfs-overlay/usr/share/orders/logo.bin"), 0o600);
  const { own, at } = await added(here);
  t.strictSame(at("/etc/orders.conf")?.content, { kind: "text", text: "name=orders port=8001\n" });
  t.match(at("/usr/share/orders/logo.bin"), {
    mode: 0o644,
    content: { kind: "file", sha256: createHash("sha256").update(bytes).digest("hex") },
  });
  t.equal(at("/usr/local/bin/report")?.mode, 0o755);
  t.strictSame(at("/etc/alias.conf")?.content, { kind: "symlink", target: "orders.conf" });
  t.equal(own.length, 4);
  t.notOk(
    own.some((entry) => entry.uid !== undefined || entry.gid !== undefined),
    "all of it is root's",
  );
});

t.test("the layer's key tells what a file holds, and not where it lies", async (t) => {
  const key = async (content: Buffer): Promise<string> => {
    const here = folder(t, { "rootfs-overlay/usr/share/logo.bin": content });
    return layerKey("overlay", { entries: (await added(here)).own });
  };
  const one = await key(Buffer.from([0, 255]));
  t.equal(await key(Buffer.from([0, 255])), one);
  t.not(await key(Buffer.from([0, 254])), one);
});

t.test("a file with the path of one of our templates replaces it, at build and at boot", async (t) => {
  const here = folder(t, {
    "rootfs-overlay/etc/motd.ejs": "Welcome to <%= stack.name %>\n",
    "rootfs-overlay/etc/postgresql/cluster/conf.d/memory.conf.ejs": "shared_buffers = <%= budget.miB.postgres %>MB\n",
    "units/parts/mine.ejs": "# included by others",
  });
  const { tree, own } = await added(here);
  t.strictSame(own, []);
  const of = model();
  const ids = Object.fromEntries(of.files.flatMap(({ owner }) => owner.split(":")).map((name) => [name, 0]));
  const base = { packages: [], users: ids, groups: ids, units: of.units.map(({ unit }) => unit) };
  const sources = { model: of, tree, own, base };
  const { entries } = await overlayInputs({ ...sources, definition: "", sources: new Map(), manifest: "{}" });
  const text = (path: string): unknown => {
    const content = entries.find((entry) => entry.path === path)?.content;
    return content?.kind === "text" ? content.text : content;
  };
  t.equal(text("/etc/motd"), "Welcome to orders\n");
  const share = "/opt/stack-agent/releases/0/share/templates/";
  t.equal(text(`${share}rootfs-overlay/etc/motd.ejs`), "Welcome to <%= stack.name %>\n");
  t.match(text(`${share}rootfs-overlay/etc/postgresql/cluster/conf.d/memory.conf.ejs`), "budget.miB.postgres");
  t.equal(text(`${share}units/parts/mine.ejs`), "# included by others", "what the agent's templates may include");
});

t.test("units are enabled by their own [Install], and stay so through the first boot's presets", async (t) => {
  const here = folder(t, {
    "units/report.service": "[Service]\nExecStart=/usr/local/bin/report\n",
    "units/report.timer": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=timers.target\n",
    "units/not.service": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n",
    "units/logrotate.service.d/quiet.conf": "[Service]\nNice=5\n",
    "units/e2scrub@.service": "-> /dev/null",
    "rootfs-overlay/usr/lib/systemd/system-preset/50-orders.preset": "disable not*\n",
  });
  const { own, at } = await added(here);
  t.strictSame(at("/etc/systemd/system/timers.target.wants/report.timer")?.content, {
    kind: "symlink",
    target: "/etc/systemd/system/report.timer",
  });
  t.match(at("/usr/lib/systemd/system-preset/05-stack-own.preset")?.content, { text: /^enable report\.timer$/m });
  t.notOk(
    own.some(({ path }) => path.includes("multi-user.target.wants")),
    "what a preset disables is not enabled",
  );
  t.ok(at("/etc/systemd/system/logrotate.service.d/quiet.conf"));
  t.match(at("/etc/systemd/system/e2scrub@.service")?.content, { target: "/dev/null" });
});

t.test("accounts of one's own are told to the base, which makes them", async (t) => {
  const here = folder(t, {
    "rootfs-overlay/usr/lib/sysusers.d/orders.conf.ejs": 'u <%= stack.name %>-report - "Reports" /\n',
    "rootfs-overlay/etc/sysusers.d/more.conf": "g more -\n",
    "rootfs-overlay/etc/other.conf": "u nobody-else -\n",
  });
  const { own } = await added(here);
  t.strictSame(ownAccounts(own).split("\n").filter(Boolean).sort(), ["g more -", 'u orders-report - "Reports" /']);
});

t.test("every fault is told at once, with both names, and ends with 64", async (t) => {
  const here = folder(t, {
    "rootfs-overlay/etc/a": "1",
    "rootfs-overlay/etc/a.ejs": "2",
    "rootfs-overlay/etc/motd": "hello",
    "rootfs-overlay/etc/postgresql/cluster/pg_hba.conf": "",
    "rootfs-overlay/etc/systemd/system/report.service": "[Service]\n",
    "units/report.service": "[Service]\n",
    "units/orders-api.service": "[Service]\n",
    "rootfs-overlay/etc/orders": "a file where a folder is",
    "rootfs-overlay/etc/postgresql-common/createcluster.d": "a file where a folder must be",
    "rootfs-overlay/etc/postgresql/15/main/start.conf/below": "",
    "rootfs-overlay/bin/tool": "",
    "rootfs-overlay/dev/null": "",
    "rootfs-overlay/run/x": "",
    "rootfs-overlay/etc/hostname": "x",
    "rootfs-overlay/usr/share/stack-agent/migrations/0100-mine.sql": "",
    "rootfs-overlay/opt/orders/venvs/api/x": "",
    "rootfs-overlay/etc/bad.ejs": "<%= stack.nonsense.x %>",
    "rootfs-overlay/etc/default/locale.ejs": "<%= nothing %>",
    "units/notes.txt": "",
    "units/fstrim.timer": "[Timer]\n[Install]\nWantedBy=timers.target\n",
    "units/x.service": "-> ../shared/x.service",
    "units/networking.service": "-> /dev/null",
    "units/parts/sandbox.ejs": "-> other.ejs",
    "units/also.service": "[Service]\n[Install]\nWantedBy=multi-user.target\nAlso=ssh.service\n",
  });
  const { code, exit, detail, hint } = await faults(here);
  t.equal(code, "overlay-invalid");
  t.equal(exit, 64);
  t.match(hint, "docs/your-own-stack.md");
  const text = detail.join("\n");
  for (const fault of [
    "rootfs-overlay/etc/a.ejs: /etc/a is made by rootfs-overlay/etc/a too",
    "rootfs-overlay/etc/motd: the stack's own template is rootfs-overlay/etc/motd.ejs: name it so to replace that",
    "rootfs-overlay/etc/postgresql/cluster/pg_hba.conf: the stack's own template is rootfs-overlay/etc/postgresql/cluster/pg_hba.conf.ejs",
    "units/report.service: /etc/systemd/system/report.service is made by rootfs-overlay/etc/systemd/system/report.service too",
    "units/orders-api.service: /etc/systemd/system/orders-api.service is made by units/service.service.ejs too",
    "rootfs-overlay/etc/orders: /etc/orders is made by the stack too",
    "rootfs-overlay/etc/postgresql-common/createcluster.d: /etc/postgresql-common/createcluster.d/stack.conf of rootfs-overlay/etc/postgresql-common/createcluster.d/stack.conf lies below it",
    "rootfs-overlay/etc/postgresql/15/main/start.conf/below: lies below /etc/postgresql/15/main/start.conf, which is a file",
    "rootfs-overlay/bin/tool: nothing can be put at /bin; it is a link: put it into rootfs-overlay/usr/bin",
    "rootfs-overlay/dev/null: nothing can be put at /dev",
    "rootfs-overlay/run/x: nothing can be put at /run",
    "rootfs-overlay/etc/hostname: nothing can be put at /etc/hostname",
    "0100-mine.sql: nothing can be put at /usr/share/stack-agent",
    "rootfs-overlay/opt/orders/venvs/api/x: nothing can be put at /opt/orders/venvs",
    "rootfs-overlay/etc/bad.ejs: can't be rendered: Cannot read properties of undefined (reading 'x')",
    "rootfs-overlay/etc/default/locale.ejs: can't be rendered: nothing is not defined",
    "units/notes.txt: is no unit",
    "units/fstrim.timer: the stack keeps fstrim.timer disabled",
    "units/x.service: a link among units points to another unit's name, or to /dev/null; not to ../shared/x.service",
    "units/networking.service: the stack needs networking.service",
    "units/parts/sandbox.ejs: is a template of the stack's; only a file can replace it",
    "units/also.service: Also=ssh.service is not a unit of yours",
  ]) {
    t.match(text, fault);
  }
  t.equal(detail.length, 22, text);
});

t.test("what is neither file nor link is refused by name", async (t) => {
  const here = folder(t, { "rootfs-overlay/etc/ok": "" });
  const server = createServer();
  await new Promise<void>((done) => server.listen(join(here, "rootfs-overlay/etc/socket"), done));
  t.teardown(() => server.close());
  const { code, detail } = await faults(here);
  t.equal(code, "overlay-invalid");
  t.strictSame(detail, [
    "rootfs-overlay/etc/socket: is a device, socket or pipe; only files and symbolic links can be taken",
  ]);
});

t.test("the default stack's folder, and the project's, have no second trees", async (t) => {
  for (const folder of [project, join(project, "stack")]) {
    t.strictSame((await readTemplateTrees({ project, folder })).own, []);
  }
  const tree = await readTemplateTrees({ project, folder: folder(t, {}) });
  t.strictSame(tree.own, [], "a folder without trees adds nothing");
  t.ok(tree.ours.includes("units/service.service.ejs") && tree.ours.includes("rootfs-overlay/etc/motd.ejs"));
});
