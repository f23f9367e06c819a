import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { StackError } from "../../../lib/error.ts";
import type { Run } from "../../../lib/run.ts";
import { containsField } from "../relocated/libraries.ts";

/** What the other layers and the manifest must know of a base; kept with it. */
export interface BaseFacts {
  readonly packages: readonly Package[];
  /** Name → id. */
  readonly users: Readonly<Record<string, number>>;
  readonly groups: Readonly<Record<string, number>>;
  /** Names of every packaged unit file. */
  readonly units: readonly string[];
}

/** An installed Debian package. */
export interface Package {
  readonly name: string;
  readonly version: string;
  /** `amd64`, or `all`. */
  readonly architecture: string;
  /** The source package it is built from: what Debian's security tracker names. */
  readonly source: { readonly name: string; readonly version: string };
  /** Packages whose files are in this one. */
  readonly contains?: readonly Package[];
}

const unitFolder = "usr/lib/systemd/system";

/** Looks into an unpacked base. Everything read here is readable by all. */
export async function readBaseFacts(root: string, run: Run): Promise<BaseFacts> {
  const [packages, users, groups, names] = await Promise.all([
    readPackages(root, run),
    readIds(join(root, "etc/passwd")),
    readIds(join(root, "etc/group")),
    readdir(join(root, unitFolder), { withFileTypes: true }),
  ]);
  return {
    packages,
    users,
    groups,
    units: names.filter((entry) => !entry.isDirectory()).map((entry) => entry.name),
  };
}

/** Ids of `user:group`. @throws StackError `no-such-user` */
export function idsInBase(
  { users, groups }: Pick<BaseFacts, "users" | "groups">,
  owner: string,
): { readonly uid: number; readonly gid: number } {
  const [user = "", group = ""] = owner.split(":");
  return { uid: id(users, "user", user), gid: id(groups, "group", group) };
}

async function readPackages(root: string, run: Run): Promise<Package[]> {
  const fields = [
    "Package",
    "Version",
    "db:Status-Abbrev",
    "Architecture",
    "source:Package",
    "source:Version",
    containsField,
  ];
  const format = `--showformat=${fields.map((field) => `\${${field}}`).join("\\t")}\\n`;
  const { stdout } = await run("dpkg-query", [`--admindir=${join(root, "var/lib/dpkg")}`, "--show", format]);
  return stdout
    .split("\n")
    .map((line) => line.split("\t"))
    .filter(([, , status]) => status?.startsWith("ii"))
    .map(([name = "", version = "", , architecture = "", source = "", sourceVersion = "", contains = ""]) => ({
      ...{ name, version, architecture },
      source: { name: source, version: sourceVersion },
      ...(contains !== "" && { contains: containedPackages(contains) }),
    }));
}

/** The field's value, `NAME VERSION ARCHITECTURE SOURCE SOURCE-VERSION, …`. */
function containedPackages(value: string): Package[] {
  return value
    .split(", ")
    .map((one) => one.split(" "))
    .map(([name = "", version = "", architecture = "", source = "", sourceVersion = ""]) => ({
      ...{ name, version, architecture },
      source: { name: source, version: sourceVersion },
    }));
}

/** Name → id, from /etc/passwd or /etc/group: the third field of both. */
async function readIds(path: string): Promise<Record<string, number>> {
  const lines = (await readFile(path, "utf8")).split("\n").filter((line) => line !== "");
  return Object.fromEntries(
    lines.map((line) => line.split(":")).map(([name = "", , number]) => [name, Number(number)]),
  );
}

function id(ids: Readonly<Record<string, number>>, what: string, name: string): number {
  const found = Object.hasOwn(ids, name) ? ids[name] : undefined;
  if (found === undefined) throw new StackError("no-such-user", `the template has no ${what} ${JSON.stringify(name)}`);
  return found;
}
