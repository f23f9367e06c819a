/** A user, whose group is called the same, or a group that is made. */
export interface AccountLine {
  readonly kind: "user" | "group";
  readonly name: string;
}

/** The lines of a sysusers.d(5) file that make an account. */
export function accountLines(text: string): AccountLine[] {
  return [...text.matchAll(/^\s*([ug])!?\s+"?([^\s"]+)/gm)].map(([, letter, name = ""]) => ({
    kind: letter === "u" ? "user" : "group",
    name,
  }));
}
