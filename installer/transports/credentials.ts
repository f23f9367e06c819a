import { readFile, stat } from "node:fs/promises";
import { ExitCode, messageOf, StackError } from "../../lib/error.ts";

/** Who asks the node. An API token, or a user's password that is changed for a ticket. */
export type Credentials =
  | { readonly kind: "token"; readonly user: string; readonly secret: string }
  | { readonly kind: "password"; readonly user: string; readonly password: string };

export interface CredentialSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Path of a file with a token, readable by nobody else. */
  readonly tokenFile?: string | undefined;
  /** `USER@REALM`, who logs in with a password. */
  readonly user?: string | undefined;
  /** Asks a person; undefined where there is no terminal. */
  readonly ask?: ((question: string) => Promise<string>) | undefined;
}

const howTo =
  "make a token on the node (pveum user token add root@pam deploy --privsep 0) and put USER@REALM!ID=SECRET " +
  "into PROXMOX_TOKEN or into a file for --token-file; or log in with --user root@pam";

/**
 * The credentials: with `--user` its password, else the token file's, else the environment's token.
 *
 * @throws StackError `no-credentials`, `bad-token`, `open-token-file`, exit 64
 */
export async function credentials(sources: CredentialSources): Promise<Credentials> {
  const { environment, tokenFile, user, ask } = sources;
  if (user !== undefined) {
    const password = environment.PROXMOX_PASSWORD ?? (await ask?.(`Password of ${user}: `));
    if (password !== undefined && password !== "") return { kind: "password", user, password };
    throw usage(
      "no-credentials",
      `there is no password for ${user}`,
      "set PROXMOX_PASSWORD, or run it from a terminal",
    );
  }
  if (tokenFile !== undefined) return token(await readToken(tokenFile), tokenFile);
  if (environment.PROXMOX_TOKEN !== undefined) return token(environment.PROXMOX_TOKEN, "PROXMOX_TOKEN");
  throw usage("no-credentials", "nothing says who asks the node", howTo);
}

async function readToken(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      throw usage("open-token-file", `${path} can be read by others`, `chmod 600 ${path}, and make a new token`);
    }
    return await readFile(path, "utf8");
  } catch (error) {
    if (error instanceof StackError) throw error;
    throw usage("no-credentials", `${path} can't be read: ${messageOf(error)}`, howTo);
  }
}

/** The node itself wants the secret as a lower-case UUID. What was found instead is never repeated. */
function token(text: string, from: string): Credentials {
  const match = /^(?:PVEAPIToken=)?([^\s@!=]+@[^\s@!=]+![^\s@!=]+)=([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.exec(
    text.trim(),
  );
  const [, user, secret] = match ?? [];
  if (user === undefined || secret === undefined) {
    throw usage("bad-token", `${from} holds no token like USER@REALM!ID=xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`, howTo);
  }
  return { kind: "token", user, secret };
}

function usage(code: string, message: string, hint: string): StackError {
  return new StackError(code, message, { hint, exit: ExitCode.usage });
}
