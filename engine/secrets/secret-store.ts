import { randomInt } from "node:crypto";
import { chmod, chown, link, lstat, open, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { isErrno, StackError } from "../../lib/error.ts";
import { ensureFolder, unfinishedName, writeFileAtomic } from "../../lib/files.ts";
import type { GivenSecret, SecretName, SecretSpec } from "../../stack/model.ts";
import { readSecret, secretsFolder } from "./read-secret.ts";
import { secretForms } from "./secret-forms.ts";

/** The secrets of this instance. Only `Io` and `FactReader` hold one. */
export interface SecretStore {
  /** Of all secrets, there or not. */
  readonly names: readonly SecretName[];
  /** Whether the secret is there, its file with the mode and owner it must have. */
  has(name: SecretName): Promise<boolean>;
  /** @throws StackError `secret-missing`, `secret-invalid`. */
  read(name: SecretName): Promise<string>;
  /** Makes the value where there is none, and sets the file's mode and owner; never replaces a value. */
  make(name: SecretName): Promise<void>;
  /** Puts a new value in the place of the old one, whole or not at all. */
  renew(name: SecretName): Promise<void>;
  /** The same with a value that another member of the cluster has. @throws StackError `secret-invalid` */
  take(name: SecretName, value: string): Promise<void>;
  /** Takes every value that was read so far, in each form it is written in, out of a text: for errors and logs. */
  redact(text: string): string;
}

export interface SecretStoreOptions {
  readonly stateDirectory: string;
  readonly secrets: readonly SecretSpec[];
  /** Those that somebody gives: they are read, and never made. */
  readonly given?: readonly Pick<GivenSecret, "name">[];
  /** uid and gid of `user:group`. */
  readonly owner: (owner: string) => Promise<{ readonly uid: number; readonly gid: number }>;
}

const LENGTH = 40;
const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** Who may read a secret's file; "agent" is the group of the agent's own user. */
const access = {
  root: { mode: 0o600, owner: "root:root" },
  agent: { mode: 0o640, owner: "root:stack-agent" },
} as const;
const folderAccess = { mode: 0o750, owner: "root:stack-agent" } as const;

export function secretStore(options: SecretStoreOptions): SecretStore {
  const folder = secretsFolder(options.stateDirectory);
  const specs = new Map(options.secrets.map((spec) => [spec.name, spec]));
  const seen = new Set<string>();
  const written = formsOf(seen);

  const specOf = (name: SecretName): SecretSpec => {
    const spec = specs.get(name);
    if (spec !== undefined) return spec;
    throw new StackError("secret-unknown", `no component of this stack declares a secret ${name}`);
  };

  const readGiven = (name: SecretName, value: string | undefined): string => {
    const hint = `stack-agent secrets set ${name}`;
    if (value === undefined) throw new StackError("secret-missing", `the secret ${name} is not given`, { hint });
    // What a login's forms are defined for (RFC 4013 changes others), and no quote of a statement or a file.
    if (!/^[\x21-\x7e]{1,1024}$/.test(value)) {
      throw new StackError("secret-invalid", `the secret ${name} must be of ASCII's visible characters`, { hint });
    }
    seen.add(value);
    return value;
  };

  const prepare = async (name: SecretName) => {
    const { mode, owner } = access[specOf(name).reader];
    const ids = await options.owner(owner);
    if (!(await isFolder(folder))) {
      await ensureFolder(folder, { mode: folderAccess.mode, ...(await options.owner(folderAccess.owner)) });
    }
    return { path: join(folder, name), mode, ids };
  };

  return {
    names: [...specs.keys()],

    async has(name) {
      const { mode, owner } = access[specOf(name).reader];
      try {
        const [facts, ids] = await Promise.all([lstat(join(folder, name)), options.owner(owner)]);
        return facts.isFile() && (facts.mode & 0o7777) === mode && facts.uid === ids.uid && facts.gid === ids.gid;
      } catch (error) {
        if (isErrno(error, "ENOENT", "ENOTDIR")) return false;
        // Before the users are made there is no right owner either.
        if (error instanceof StackError && error.code === "no-such-user") return false;
        throw error;
      }
    },

    async read(name) {
      const isGiven = options.given?.some((secret) => secret.name === name) === true;
      if (!isGiven) specOf(name);
      const value = await readSecret(options.stateDirectory, name);
      if (isGiven) return readGiven(name, value);
      if (value === undefined) {
        throw new StackError("secret-missing", `the secret ${name} is not there`, {
          hint: "stack-agent provision --only system makes what is missing",
        });
      }
      if (!isValue(value)) {
        throw new StackError("secret-invalid", `the secret ${name} must be 16 to 128 characters of A-Z a-z 0-9 _ -`, {
          hint: `write another value into ${join(folder, name)}, then: stack-agent provision`,
        });
      }
      seen.add(value);
      return value;
    },

    async make(name) {
      const { path, mode, ids } = await prepare(name);
      if (!(await linkNew(path, `${newValue()}\n`, mode, ids))) {
        await chmod(path, mode);
        await chown(path, ids.uid, ids.gid);
      }
    },

    async renew(name) {
      const { path, mode, ids } = await prepare(name);
      await writeFileAtomic(path, `${newValue()}\n`, { mode, ...ids });
    },

    async take(name, value) {
      if (!isValue(value)) throw new StackError("secret-invalid", `the other member's secret ${name} is none`);
      const { path, mode, ids } = await prepare(name);
      await writeFileAtomic(path, `${value}\n`, { mode, ...ids });
    },

    redact(text) {
      let clean = text;
      for (const text of written()) clean = clean.replaceAll(text, "«secret»");
      return clean;
    },
  };
}

/** Values stand unquoted in configuration files and statements. */
function isValue(text: string): boolean {
  return /^[A-Za-z0-9_-]{16,128}$/.test(text);
}

/** Forms of values, made once: deriving a verifier takes milliseconds. */
function formsOf(values: ReadonlySet<string>): () => readonly string[] {
  const forms = new Map<string, readonly string[]>();
  return () =>
    [...values].flatMap((value) => {
      const known = forms.get(value) ?? Object.values(secretForms).map((form) => form(value));
      forms.set(value, known);
      return known;
    });
}

function newValue(): string {
  return Array.from({ length: LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/**
 * Makes a file whole or not at all, and never over another: link(2) fails where one is.
 * Gives false then.
 */
async function linkNew(
  path: string,
  content: string,
  mode: number,
  ids: { readonly uid: number; readonly gid: number },
): Promise<boolean> {
  const temporary = join(dirname(path), unfinishedName());
  try {
    const handle = await open(temporary, "wx", 0o600);
    try {
      await handle.writeFile(content);
      await handle.chown(ids.uid, ids.gid);
      await handle.chmod(mode);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await link(temporary, path);
    return true;
  } catch (error) {
    if (isErrno(error, "EEXIST")) return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return false;
    throw error;
  }
}
