import { statfs } from "node:fs/promises";
import { setImmediate as nextTurn } from "node:timers/promises";
import { isErrno, isStackError, messageOf, StackError } from "../../lib/error.ts";
import { exists, namesIfAny, readLinkIfAny, readTextIfAny } from "../../lib/files.ts";
import { readListeners } from "../../lib/listeners.ts";
import type { Run } from "../../lib/run.ts";
import { budget } from "../../stack/budget.ts";
import type { FileEntry, Model } from "../../stack/model.ts";
import type { Templates } from "../../stack/render/render.ts";
import { type FileContext, renderFile } from "../../stack/render/render-file.ts";
import { asSealed, type Sealed, secretMark } from "../secrets/sealed.ts";
import { isSecretForm, secretFormNames, secretForms } from "../secrets/secret-forms.ts";
import { secretMatches } from "../secrets/secret-matches.ts";
import type { SecretStore } from "../secrets/secret-store.ts";
import { unseal } from "../secrets/unseal.ts";
import { readAccounts } from "./accounts.ts";
import { compareFile } from "./compare-file.ts";
import type { FactReader, UnitFacts } from "./fact-reader.ts";
import { fileDiff } from "./file-diff.ts";
import { memoryMiB } from "./memory.ts";
import { ownAddresses, ownNode } from "./own-node.ts";
import { readPackages } from "./read-packages.ts";
import { readUnits } from "./read-units.ts";

export interface LocalFactReaderOptions {
  readonly run: Run;
  readonly secrets: SecretStore;
  readonly templates: Templates;
  readonly runDirectory: string;
  /** Memory of this machine, MiB; default: looked up once. */
  readonly memory?: () => Promise<number>;
}

/** Reads facts of the machine this process runs on. */
export function localFactReader(options: LocalFactReaderOptions): FactReader {
  const { run, secrets } = options;
  const memory = once(options.memory ?? (() => memoryMiB()));
  const rendered = new Map<FileEntry, Sealed>();

  const textOf = async (entry: FileEntry, model: Model): Promise<Sealed> => {
    const known = rendered.get(entry);
    if (known !== undefined) return known;
    const context = {
      templates: options.templates,
      secret: (name: string, form?: string) => markOf(name, form, model),
      // Only what is written on the machine may know the machine.
      ...(entry.when === "boot" ? { budget: budget(model, await memory()), ...placeFor(entry, model) } : {}),
    };
    const text = asSealed(renderFile(entry, model, context));
    rendered.set(entry, text);
    return text;
  };

  const unsealIfAll = async (text: Sealed): Promise<string | undefined> => {
    try {
      return await unseal(text, secrets.read);
    } catch (error) {
      if (isStackError(error) && error.code === "secret-missing") return undefined;
      throw error;
    }
  };

  return {
    run,
    async files(component, model) {
      const accounts = await readAccounts();
      const entries = model.files.filter((entry) => entry.component === component);
      return Promise.all(
        entries.map(async (entry) => compareFile(entry, await textOf(entry, model), { accounts, unseal: unsealIfAll })),
      );
    },
    async diff(file) {
      return fileDiff(file, { accounts: await readAccounts(), values: await secretValues(secrets) });
    },
    units: gathered((names) => readUnits(names, run, options.runDirectory)),
    packages: (names) => readPackages(names),
    listeners: (ports) => readListeners(ports),
    freeMiB,
    readText: readTextIfAny,
    readLink: readLinkIfAny,
    names: namesIfAny,
    exists,
    hasSecret: (name) => secrets.has(name),
    async secretMatches(name, stored) {
      try {
        return secretMatches(await secrets.read(name), stored);
      } catch (error) {
        if (isStackError(error) && error.code === "secret-missing") return false;
        throw error;
      }
    },
    async withSecret(name, use) {
      const value = await secrets.read(name);
      try {
        return await use(value);
      } catch (error) {
        if (messageOf(error).includes(value)) {
          throw new StackError("look-failed", secrets.redact(messageOf(error)));
        }
        throw error;
      }
    },
    memoryMiB: memory,
    addresses: async () => ownAddresses(),
    async machineId() {
      return (await readTextIfAny("/etc/machine-id"))?.trim() || undefined;
    },
  };
}

/** The machine's own node, for files of a server that is one of three. @throws StackError `not-a-node` */
function placeFor({ component }: FileEntry, { components, cluster }: Model): Pick<FileContext, "place"> {
  if (cluster === undefined || !components.some(({ name, clustered }) => name === component && clustered)) return {};
  return { place: ownNode(cluster) };
}

async function freeMiB(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return Math.floor((bavail * bsize) / 1024 / 1024);
  } catch (error) {
    if (isErrno(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** Every form of every secret that is there, and its mark. */
async function secretValues(secrets: SecretStore): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  for (const name of secrets.names) {
    const value = await secrets.read(name).catch(() => undefined);
    if (value === undefined) continue;
    for (const form of secretFormNames) found.set(secretForms[form](value), secretMark(name, form));
    found.set(Buffer.from(value).toString("base64"), secretMark(name));
  }
  return found;
}

function markOf(name: string, form: string | undefined, model: Model): string {
  if (!model.secrets.some((secret) => secret.name === name)) {
    throw new StackError("secret-unknown", `a template asks for ${name}, which no component declares`);
  }
  if (form !== undefined && !isSecretForm(form)) {
    throw new StackError("seal-broken", `a template asks for ${name} in an unknown form, ${form}`);
  }
  return secretMark(name, form);
}

function once<T>(look: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= look();
    return answer;
  };
}

/** Stages that look at the same moment share one call. */
function gathered(
  look: (names: readonly string[]) => Promise<ReadonlyMap<string, UnitFacts>>,
): (names: readonly string[]) => Promise<ReadonlyMap<string, UnitFacts>> {
  let waiting: { names: Set<string>; answer: Promise<ReadonlyMap<string, UnitFacts>> } | undefined;
  return async (names) => {
    if (waiting === undefined) {
      const wanted = new Set<string>();
      const answer = nextTurn().then(() => {
        waiting = undefined;
        return look([...wanted]);
      });
      waiting = { names: wanted, answer };
    }
    for (const name of names) waiting.names.add(name);
    const all = await waiting.answer;
    return new Map([...all].filter(([name]) => names.includes(name)));
  };
}
