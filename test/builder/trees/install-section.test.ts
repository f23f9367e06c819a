import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import t from "tap";
import { enableLinks, installSection } from "../../../builder/trees/install-section.ts";
import { disables, presetLines } from "../../../builder/trees/preset-lines.ts";

/** Unit → its files: the unit itself, then its drop-ins. */
const units: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "plain.service": { "": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target graphical.target\n" },
  "none.service": { "": "[Service]\nExecStart=/bin/true\n" },
  "many.service": {
    "": "[Install]\n# WantedBy=no.target\nWantedBy=a.target \\\n; a comment between\n  b.target\nRequiredBy=c.target\nAlias=other.service d.service\n[Service]\nExecStart=/bin/true\n",
  },
  "emptied.timer": {
    "": "[Timer]\nOnCalendar=daily\n[Install]\nWantedBy=old.target\nWantedBy=\nWantedBy=timers.target\n",
  },
  "dropped.service": {
    "": "[Service]\nExecStart=/bin/true\n",
    "install.conf": "[Install]\nWantedBy=multi-user.target\n",
  },
  "worker@.service": {
    "": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\nDefaultInstance=one\nAlias=w-%i.service\n",
  },
  "bare@.service": { "": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=multi-user.target\n" },
  "aliased@.service": { "": "[Service]\nExecStart=/bin/true\n[Install]\nAlias=w@.service\nDefaultInstance=x\n" },
  "alone@.service": { "": "[Service]\nExecStart=/bin/true\n[Install]\nAlias=v@.service\n" },
  "named.service": { "": "[Service]\nExecStart=/bin/true\n[Install]\nWantedBy=%N-group.target %p.target\n" },
  "listen.socket": { "": "[Socket]\nListenStream=1\n[Install]\nWantedBy=sockets.target\n" },
};

const hasSystemctl = spawnSync("systemctl", ["--version"]).status === 0;

for (const [unit, files] of Object.entries(units)) {
  t.test(`${unit} gets the links that systemctl enable makes`, { skip: !hasSystemctl && "no systemctl" }, async (t) => {
    const root = mkdtempSync(join(tmpdir(), "enable-"));
    t.teardown(() => rmSync(root, { recursive: true, force: true }));
    const folder = join(root, "etc/systemd/system");
    for (const [name, text] of Object.entries(files)) {
      const path = join(folder, name === "" ? unit : `${unit}.d/${name}`);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text);
    }
    // bare@.service is refused by systemctl: it makes no link either.
    spawnSync("systemctl", ["--root", root, "enable", unit]);
    const theirs = readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isSymbolicLink())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => [path.slice(folder.length + 1), readlinkSync(path)]);
    const ours = enableLinks(unit, installSection(unit, Object.values(files)));
    t.strictSame(ours.map((link) => [link.name, `/etc/systemd/system/${link.unit}`]).sort(), theirs.sort());
  });
}

t.test("of a preset's lines the first that names the unit counts", async (t) => {
  const lines = presetLines(
    "# disable all\nenable keep-*.service\ndisable keep-not.service\ndisable x?.timer\ndisable [ab].*\n",
  );
  t.strictSame(
    ["keep-not.service", "xy.timer", "xyz.timer", "a.path", "c.path"].map((unit) => disables(lines, unit)),
    [false, true, false, true, false],
  );
});
