import * as z from "zod/mini";
import { cronField, TiB } from "../../definition/fields.ts";
import { sizeMiB } from "../../definition/size.ts";

/** Where PostgreSQL's sandbox shows it another folder than the machine has, or none. */
const hidden = ["/tmp", "/var/tmp", "/run", "/dev", "/proc", "/sys", "/home", "/root", "/var/lib/postgresql"];

const directory = z.string().check(
  z.regex(/^(\/[A-Za-z0-9._-]+)+$/, "must be a folder's absolute path, e.g. /mnt/backup"),
  z.refine((path) => !path.split("/").some((part) => part === ".." || part === "."), "must have no . and .. in it"),
  z.refine(
    (path) => !hidden.some((one) => path === one || path.startsWith(`${one}/`)),
    `must not be in ${hidden.join(", ")}: PostgreSQL is kept from there`,
  ),
  z.describe("A folder in the container, best a mount point of another disk or of a file server"),
);

const host = /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:\d{1,5})?$/;

const s3 = z.strictObject({
  bucket: z
    .string()
    .check(
      z.regex(/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/, "must be a bucket's name: 3 to 63 of a-z, 0-9, . and -"),
      z.describe("A bucket that is there; a repository is a prefix in it"),
    ),
  endpoint: z
    .string()
    .check(
      z.regex(host, "must be a host's name, with its port or without, e.g. s3.eu-central-1.amazonaws.com"),
      z.describe("Its server, which is asked by HTTPS"),
    ),
  region: z._default(z.string().check(z.regex(/^[a-z0-9-]+$/), z.describe("As the server calls it")), "us-east-1"),
  uriStyle: z._default(
    z
      .enum(["host", "path"])
      .check(z.describe("Whether the bucket is named in the host, as Amazon's are, or in the path, as on most others")),
    "path",
  ),
  ca: z.optional(
    z
      .string()
      .check(
        z.regex(/^(\/[A-Za-z0-9._-]+)+$/, "must be a file's absolute path"),
        z.describe("Certificates, PEM, of who has signed the server's, where that is nobody whom Debian knows"),
      ),
  ),
});

const exactlyOne = "must name exactly one of directory and s3";

const target = z
  .strictObject({
    directory: z.optional(directory),
    s3: z.optional(s3.check(z.describe("A bucket of an S3 server. Its keys are given: stack-agent secrets set"))),
    /** There to be refused with what helps. */
    sftp: z.optional(
      z.unknown().check(
        z.refine(
          () => false,
          "can't be a target: Debian's pgBackRest (2.45) doesn't write by SFTP. Mount the server's folder in the " +
            "container, on the node by sshfs and pct set VMID --mp0, and name that as directory",
        ),
        z.describe("Refused: Debian's pgBackRest can't; mount the server's folder, and name that as directory"),
      ),
    ),
  })
  .check(
    z.refine(
      ({ directory, s3, sftp }) => sftp !== undefined || (directory === undefined) !== (s3 === undefined),
      exactlyOne,
    ),
    z.describe("Where backups go: {directory: /mnt/backup}, a folder in the container, or {s3: {…}}, a bucket"),
    z.meta({ examples: [{ directory: "/mnt/backup" }, { s3: { bucket: "backups", endpoint: "s3.lan:9000" } }] }),
  );

export type S3Target = z.output<typeof s3>;

const days = (what: string) => z.number().check(z.gt(0), z.lte(3650), z.describe(what));

/** The section `backup` of a stack.yaml. */
export const backupSettings = z
  .strictObject({
    target,
    encryption: z._default(
      z.boolean().check(z.describe("Encrypt what is written there, by the secret backup.key")),
      true,
    ),
    full: z._default(cronField("When a full backup is made"), "30 2 * * 0"),
    differential: z._default(
      cronField("When what changed since the full backup is saved; off: never", ["off"]),
      "30 2 * * 1-6",
    ),
    check: z._default(
      cronField("When the newest backup is restored for trial, and counted; off: never", ["off"]),
      "30 4 * * 0",
    ),
    keep: z._default(z.int().check(z.gte(1), z.lte(1000), z.describe("Full backups that are kept, with all since")), 4),
    archiveWithin: z._default(
      z
        .int()
        .check(
          z.gte(10),
          z.lte(3600),
          z.describe("Seconds after which what was written is in the archive at the latest"),
        ),
      300,
    ),
    queue: z._default(
      sizeMiB("What may wait for an archive that can't be reached; then it is given up, and writing goes on", {
        least: 64,
        most: 16 * TiB,
      }),
      4096,
    ),
    newestWithin: z._default(days("Days after which health warns that the newest backup is too old"), 2),
    provenWithin: z._default(days("Days after which health warns that the newest proven backup is too old"), 10),
  })
  .check(
    z.describe("Backups: of PostgreSQL by pgBackRest, of the rest of the stack by restic; left out, there are none"),
  );

export type BackupSettings = z.output<typeof backupSettings>;
