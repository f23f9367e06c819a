/** The template as an image of LXD, from which Incus took its format: imported and launched for real. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import t from "tap";
import { incusMetadata } from "../../builder/targets/proxmox/incus-metadata.ts";
import { runName } from "../../lib/lxc/run-name.ts";
import { debianReleases } from "../../stack/debian.ts";
import { manifestDocument } from "../../stack/documents/manifest.ts";
import { debian } from "./debian.ts";
import { startLxd } from "./lxd.ts";
import { canRunContainers, needs } from "./needs.ts";
import { templateToTest } from "./template.ts";

t.setTimeout(10 * 60_000);

const template = await templateToTest();
if (
  needs(t, template === undefined ? "there is no template: bin/build-template" : "") &&
  template !== undefined &&
  (await canRunContainers(t))
) {
  const text = await readFile(`${template.replace(/\.tar\.\w+$/, "")}.manifest.json`, "utf8");
  const { name, version } = manifestDocument.parse(JSON.parse(text));
  const folder = await mkdtemp(join(tmpdir(), "image-"));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  const metadata = join(folder, "metadata.tar.gz");
  const model = { name, debian: debianReleases[debian.suite], architecture: "amd64" } as const;
  await writeFile(metadata, await incusMetadata({ model, version }));
  const container = runName();
  const { lxc } = await startLxd(t, container);

  t.test("LXD imports the template with its metadata as an image", async (t) => {
    await lxc("storage", "create", "default", "dir");
    await lxc("profile", "device", "add", "default", "root", "disk", "path=/", "pool=default");
    await lxc("network", "create", "lxdbr-test", "ipv4.address=10.213.7.1/24", "ipv4.nat=false", "ipv6.address=none");
    await lxc("profile", "device", "add", "default", "eth0", "nic", "network=lxdbr-test", "name=eth0");
    await lxc("image", "import", metadata, template, "--alias", "stack");
    const images = JSON.parse(await lxc("image", "list", "--format", "json")) as readonly object[];
    t.match(images, [
      {
        aliases: [{ name: "stack" }],
        architecture: "x86_64",
        type: "container",
        properties: { name, serial: version, os: "Debian", release: debian.suite },
      },
    ]);
  });

  t.test("an unprivileged container made of it has its own name and network, and becomes healthy", async (t) => {
    await lxc("launch", "stack", container);
    const inside = (...command: string[]): Promise<string> => lxc("exec", container, "--", ...command);
    t.match(await inside("cat", "/proc/self/uid_map"), /^\s*0\s+[1-9]\d+/);
    await inside("stack-agent", "status", "--wait", "--timeout", "120");
    t.match(await inside("stack-agent", "status"), /: healthy$/m);
    t.equal((await inside("hostname")).trim(), container);
    t.match(await inside("cat", "/etc/hosts"), `127.0.1.1\t${container}\n`);
    t.match(await inside("ip", "-4", "-brief", "address", "show", "dev", "eth0"), /10\.213\.7\.\d+\/24/, "a lease");
    const failed = await inside("systemctl", "list-units", "--failed", "--plain", "--no-legend");
    t.equal(failed, "", "no failed unit");
    await lxc("delete", "--force", container);
  });
}
