import { randomInt } from "node:crypto";
import { StackError } from "../error.ts";
import type { Effects } from "./effects.ts";
import { type GuestFiles, guestFiles } from "./guest-files.ts";
import { withPveSection } from "./pve-section.ts";
import { type GuestSettings, rewriteSettings } from "./rewrite-for-start.ts";
import { rewriteHostKeys } from "./rewrite-host-keys.ts";

export interface CreateSettings extends GuestSettings {
  /** Plain text or a crypt hash; without one root can't log in by password. */
  readonly rootPassword?: string;
  /** Lines of root's authorized_keys. */
  readonly sshKeys?: string;
}

const SNAKEOIL_KEY = "/etc/ssl/private/ssl-cert-snakeoil.key";
const SNAKEOIL_UNIT = "proxmox-regenerate-snakeoil.service";

/**
 * What `pct create` rewrites in a freshly extracted rootfs, in its order (pve-container
 * 5.3.5, `post_create_hook` of PVE::LXC::Setup::Base and ::Debian, then the host keys).
 *
 * @throws StackError `guest-unusable` (root's home is missing), `missing-tool`.
 */
export async function rewriteForCreate(settings: CreateSettings & Effects): Promise<void> {
  const guest = guestFiles(settings.rootfs);
  await removeMachineId(guest);
  await replaceSnakeoil(guest);
  await moveCrontabMinutes(guest);
  await setRootPassword(guest, await passwordHash(settings));
  if (settings.sshKeys !== undefined) await authorizeKeys(guest, settings.sshKeys);
  await rewriteSettings(guest, settings);
  await rewriteHostKeys({ guest, hostname: settings.hostname, run: settings.run, signal: settings.signal });
}

async function removeMachineId(guest: GuestFiles): Promise<void> {
  const dbus = "/var/lib/dbus/machine-id";
  if ((await guest.isFile(dbus)) && (await guest.link(dbus)) === undefined) await guest.remove(dbus);
  await guest.remove("/etc/machine-id");
}

async function replaceSnakeoil(guest: GuestFiles): Promise<void> {
  if (!(await guest.isFile(SNAKEOIL_KEY))) return;
  const path = `/etc/systemd/system/${SNAKEOIL_UNIT}`;
  const wants = "/etc/systemd/system/first-boot-complete.target.wants";
  await guest.write(
    path,
    [
      "[Unit]",
      "Description=Make the snakeoil certificate and key anew, once",
      "ConditionPathExists=/etc/ssl/certs/ssl-cert-snakeoil.pem",
      "ConditionFirstBoot=yes",
      "Wants=first-boot-complete.target",
      "Before=first-boot-complete.target",
      "",
      "[Service]",
      "Type=oneshot",
      "ExecStart=make-ssl-cert -f generate-default-snakeoil",
      "",
    ].join("\n"),
  );
  await guest.folder(wants, 0o755);
  await guest.remove(`${wants}/${SNAKEOIL_UNIT}`);
  await guest.symlink(path, `${wants}/${SNAKEOIL_UNIT}`);
  await guest.remove(SNAKEOIL_KEY);
}

async function moveCrontabMinutes(guest: GuestFiles): Promise<void> {
  const names = (await guest.names("/etc/cron.d")).filter((name) => /^[A-Za-z0-9_-]+$/.test(name));
  for (const path of ["/etc/crontab", ...names.map((name) => `/etc/cron.d/${name}`)]) {
    const old = await guest.text(path);
    if (old === undefined) continue;
    const moved = old.replace(/^\d+(?=(?:\s+\S+){4}\s+root\s+\S)/gm, () => String(randomInt(59)));
    await guest.write(path, moved.replace(/\n*$/, "\n"));
  }
}

async function passwordHash({ rootPassword, run, signal }: CreateSettings & Effects): Promise<string> {
  if (rootPassword === undefined) return "*";
  if (/^\$(?:1|2[axy]?|5|6)\$[\w./]{1,16}\$[\w./]+$/.test(rootPassword)) return rootPassword;
  const made = await run("openssl", ["passwd", "-6", "-stdin"], {
    input: `${rootPassword}\n`,
    signal,
    install: "apt-get install openssl",
  });
  return made.stdout.trim();
}

async function setRootPassword(guest: GuestFiles, hash: string): Promise<void> {
  if (!(await guest.isFile("/etc/passwd"))) return;
  const today = Math.floor(Date.now() / 86_400_000);
  const hasShadow = await guest.isFile("/etc/shadow");
  if (hasShadow) await editAccount(guest, "/etc/shadow", /^root:[^:]*:[^:]*:/m, `root:${hash}:${today}:`);
  await editAccount(guest, "/etc/passwd", /^root:[^:]*:/m, `root:${hasShadow ? "x" : hash}:`);
}

/** Keeps the file's owner and mode: /etc/shadow belongs to the group shadow. */
async function editAccount(guest: GuestFiles, path: string, pattern: RegExp, text: string): Promise<void> {
  const [old, stat] = [await guest.text(path), await guest.stat(path)];
  if (old === undefined || stat === undefined) return;
  await guest.write(
    path,
    old.replace(pattern, () => text),
    { mode: stat.mode & 0o7777, uid: stat.uid, gid: stat.gid },
  );
}

async function authorizeKeys(guest: GuestFiles, keys: string): Promise<void> {
  const home = /^root:(?:[^:]*:){4}([^:]*):/m.exec((await guest.text("/etc/passwd")) ?? "")?.[1] ?? "/root";
  if (!(await guest.isFolder(home))) {
    throw new StackError("guest-unusable", `home directory '${home}' of root does not exist in the container`);
  }
  await guest.folder(`${home}/.ssh`, 0o700);
  const path = `${home}/.ssh/authorized_keys`;
  await guest.write(path, withPveSection(await guest.text(path), keys), { mode: 0o700 });
}
