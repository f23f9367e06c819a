import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import ssh2, { type AnyAuthMethod, type ParsedKey } from "ssh2";
import { ExitCode, isErrno, messageOf, StackError } from "../../lib/error.ts";

/** How a user proves who it is, in this order: keys of files asked for, the agent's, those at their usual places, a password. */
export interface SshLogin {
  /** Paths of private keys that were asked for: that one isn't there is an error. */
  readonly identities: readonly string[];
  /** The agent's socket, SSH_AUTH_SOCK. */
  readonly agent?: string | undefined;
  /** Paths of private keys that may be there. */
  readonly usual: readonly string[];
  /** The password that is known beforehand. */
  readonly password?: string | undefined;
  /** Asks a person, unseen; undefined where there is nobody. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

/** What this user of this machine has: `--identity`, the agent, ~/.ssh/id_*. */
export function ownLogin(
  environment: Readonly<Record<string, string | undefined>>,
  more: Partial<SshLogin> = {},
): SshLogin {
  const folder = join(environment.HOME ?? homedir(), ".ssh");
  const usual = ["id_ed25519", "id_ecdsa", "id_rsa"].map((name) => join(folder, name));
  return { identities: [], agent: environment.SSH_AUTH_SOCK, usual, ...more };
}

/** One way after the other, as the server refuses them; with what was tried, for the error. */
export interface LoginAttempts {
  next(offered: readonly string[] | undefined): Promise<AnyAuthMethod | undefined>;
  readonly tried: readonly string[];
}

/** @throws StackError `no-identity`, by `next` */
export function loginAttempts(user: string, host: string, login: SshLogin): LoginAttempts {
  const tried: string[] = [];
  const ways = attempts(user, host, login, tried);
  return {
    tried,
    next: async (offered) => {
      for (;;) {
        const { value, done } = await ways.next();
        if (done === true) return undefined;
        if (offered === undefined || offered.includes(value.kind)) {
          const method = await value.method();
          if (method !== undefined) return method;
        }
      }
    },
  };
}

interface Way {
  readonly kind: "publickey" | "password" | "keyboard-interactive";
  /** Made when its turn has come; undefined where it can't be tried. */
  readonly method: () => Promise<AnyAuthMethod | undefined>;
}

async function* attempts(user: string, host: string, login: SshLogin, tried: string[]): AsyncGenerator<Way> {
  const fromFile = (path: string, asked: boolean): Way => ({
    kind: "publickey",
    method: async () => {
      const key = await readKey(path, asked, login.ask);
      tried.push(typeof key === "string" ? key : path);
      return typeof key === "string" ? undefined : { type: "publickey", username: user, key };
    },
  });
  for (const path of login.identities) yield fromFile(path, true);
  const { agent } = login;
  if (agent !== undefined && agent !== "") {
    tried.push("the agent's keys");
    yield { kind: "publickey", method: async () => ({ type: "agent", username: user, agent }) };
  }
  for (const path of login.usual) {
    if (await isThere(path)) yield fromFile(path, false);
  }
  let password: Promise<string> | undefined;
  const asked = (): Promise<string> | undefined => {
    if (login.password !== undefined && login.password !== "") return Promise.resolve(login.password);
    password ??= login.ask?.(`Password of ${user}@${host}: `);
    return password;
  };
  const withPassword = (method: (text: string) => AnyAuthMethod) => async (): Promise<AnyAuthMethod | undefined> => {
    const text = await asked();
    if (text === undefined) return undefined;
    tried.push("the password");
    return method(text);
  };
  yield {
    kind: "password",
    method: withPassword((password) => ({ type: "password", username: user, password })),
  };
  yield {
    kind: "keyboard-interactive",
    method: withPassword((text) => ({
      type: "keyboard-interactive",
      username: user,
      // Some servers ask for the password this way only. More than one question is a second factor, which isn't ours.
      prompt: (_name, _what, _language, prompts, finish) =>
        finish(prompts.map((_prompt, index) => (index === 0 ? text : ""))),
    })),
  };
}

/** @returns the key, or a text that says why it can't be used */
async function readKey(path: string, asked: boolean, ask: SshLogin["ask"]): Promise<ParsedKey | string> {
  const data = await readFile(path).catch((error: unknown) => {
    if (!asked) return messageOf(error);
    throw new StackError("no-identity", `the key ${path} can't be read: ${messageOf(error)}`, {
      hint: "--identity takes the file of a private key, like ~/.ssh/id_ed25519",
      exit: ExitCode.usage,
    });
  });
  if (typeof data === "string") return `${path} (${data})`;
  const open = (passphrase?: string): ParsedKey | Error => {
    const parsed: ParsedKey | Error | readonly ParsedKey[] = ssh2.utils.parseKey(data, passphrase);
    if (parsed instanceof Error) return parsed;
    const key: ParsedKey | undefined = Array.isArray(parsed)
      ? (parsed as readonly ParsedKey[])[0]
      : (parsed as ParsedKey);
    return key ?? new Error("no key");
  };
  let key = open();
  if (key instanceof Error && /passphrase/i.test(key.message)) {
    if (ask === undefined) return `${path} (has a passphrase: ssh-add ${path})`;
    key = open(await ask(`Passphrase of ${path}: `));
  }
  if (!(key instanceof Error) && key.isPrivateKey()) return key;
  const why = key instanceof Error ? key.message : "no private key";
  if (!asked || /passphrase|decrypt/i.test(why)) return `${path} (${why})`;
  throw new StackError("no-identity", `${path} holds no private key that can be used: ${why}`, {
    hint: "--identity takes the file of a private key, like ~/.ssh/id_ed25519",
    exit: ExitCode.usage,
  });
}

async function isThere(path: string): Promise<boolean> {
  return readFile(path).then(
    () => true,
    (error: unknown) => !isErrno(error, "ENOENT", "ENOTDIR"),
  );
}
