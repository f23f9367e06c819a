import type { PackagedAccount } from "../../../stack/model.ts";

/** Lines of passwd(5) and group(5) for accounts that packages would make. */
export interface AccountLines {
  readonly passwd: string;
  readonly group: string;
}

export function packagedAccountLines(accounts: readonly PackagedAccount[]): AccountLines {
  return {
    passwd: accounts.map(passwdLine).join(""),
    group: accounts
      .filter(({ user }) => user?.group === undefined)
      .map(({ name, id }) => `${name}:!:${id}:\n`)
      .join(""),
  };
}

function passwdLine({ name, id, user }: PackagedAccount): string {
  if (user === undefined) return "";
  const { comment = "", home, shell = "/usr/sbin/nologin", group = id } = user;
  // `!`: no password opens it; the package passwd moves it to /etc/shadow when it is set up.
  return `${name}:!:${id}:${group}:${comment}:${home}:${shell}\n`;
}
