import { chmod, cp, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../../../lib/wait.ts";
import { archiveKey, sha256 } from "../../builder/apt/archive-key.ts";
import type { Machine } from "../create-machine.ts";
import { debian } from "../debian.ts";

/** Where a package is offered: as Debian's own release, or among its security updates. */
export type Part = "main" | "security";

/** Debian's archives as a container has them on its own loopback: signed, with newer versions of what is installed. */
export interface UpdateArchive {
  /** Offers installed packages in a higher version, beside what was offered before. */
  offer(part: Part, suffix: string, packages: readonly string[]): Promise<void>;
  /** Offers .deb files of the host's as they are. */
  offerFiles(part: Part, files: readonly string[]): Promise<void>;
  /** Nobody answers any more. */
  close(): Promise<void>;
}

const port = 8999;
const root = "/srv/updates";
const suites = { main: debian.suite, security: `${debian.suite}-security` } as const;
const labels = { main: "Debian", security: "Debian-Security" } as const;

export async function updateArchive(machine: Machine): Promise<UpdateArchive> {
  const keys = await mkdtemp(join(tmpdir(), "updates-"));
  const signing = archiveKey(join(keys, "keys"), "test updates");
  const inside = (path: string): string => join(machine.settings.rootfs, root, path);
  const script = await readFile(new URL("./repack.sh", import.meta.url), "utf8");
  await machine.sh(`install -d -m 755 ${root} && cat >${root}/repack.sh && chmod 755 ${root}/repack.sh`, {
    input: script,
  });

  const publish = async (part: Part): Promise<void> => {
    const index = await machine.sh(
      `cd ${root}/${part} && for deb in *.deb; do dpkg-deb --field "$deb"; echo "Filename: $deb"; echo "Size: $(stat -c %s "$deb")"; echo "SHA256: $(sha256sum "$deb" | cut -d' ' -f1)"; echo; done`,
    );
    const text = `${index}\n`;
    const release = [
      "Origin: Debian",
      `Label: ${labels[part]}`,
      `Suite: ${suites[part]}`,
      `Codename: ${suites[part]}`,
      `Version: ${debian.version}`,
      `Date: ${new Date(Date.now() - 60_000).toUTCString().replace("GMT", "UTC")}`,
      "SHA256:",
      ` ${sha256(text)} ${Buffer.byteLength(text)} Packages`,
      "",
    ].join("\n");
    const unsigned = join(keys, "Release");
    await writeFile(unsigned, release);
    for (const [name, content] of [
      ["Packages", text],
      ["InRelease", signing.signed(unsigned).toString()],
    ] as const) {
      await machine.sh(`cat >${root}/${part}/${name}`, { input: content });
    }
  };

  for (const part of ["main", "security"] as const) {
    await machine.sh(`mkdir -p ${root}/${part}`);
    await publish(part);
  }
  const key = signing.gpg("--armor", "--export").toString();
  await machine.sh("mkdir -p /root/sources; mv /etc/apt/sources.list.d/* /root/sources");
  await machine.sh("mkdir -p /etc/apt/keyrings; cat >/etc/apt/keyrings/test.asc", { input: key });
  const lines = (["main", "security"] as const).map(
    (part) => `deb [signed-by=/etc/apt/keyrings/test.asc] http://127.0.0.1:${port}/${part} ./\n`,
  );
  await machine.sh("cat >/etc/apt/sources.list.d/test.list", { input: lines.join("") });
  await machine.sh(
    `systemd-run --quiet --unit=test-updates python3 -m http.server --bind 127.0.0.1 --directory ${root} ${port}`,
  );
  await waitFor(
    async () =>
      (await machine.sh(`curl -sf http://127.0.0.1:${port}/main/Packages >/dev/null && echo up || true`)) === "up",
    {
      what: "the archive to answer",
      timeout: 30_000,
    },
  );
  return {
    async offer(part, suffix, packages) {
      await machine.exec(`${root}/repack.sh`, [`${root}/${part}`, suffix, ...packages], { timeout: 180_000 });
      await publish(part);
    },
    async offerFiles(part, files) {
      await mkdir(inside(part), { recursive: true });
      for (const file of files) {
        const copied = join(inside(part), file.split("/").at(-1) ?? "");
        await cp(file, copied);
        await chmod(copied, 0o644);
      }
      await publish(part);
    },
    async close() {
      await machine.sh(
        "systemctl stop test-updates; rm /etc/apt/sources.list.d/test.list; mv /root/sources/* /etc/apt/sources.list.d",
      );
      signing.close();
      await rm(keys, { recursive: true, force: true });
    },
  };
}
