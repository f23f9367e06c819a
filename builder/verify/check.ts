export interface Check {
  /** One word, for programs. */
  readonly name: string;
  /** What holds where it is ok. */
  readonly title: string;
  readonly state: "ok" | "failed" | "not checked";
  /** What was found, or why it was not checked; one sentence each. */
  readonly findings: readonly string[];
}

type About = Pick<Check, "name" | "title">;

export function passed({ name, title }: About): Check {
  return { name, title, state: "ok", findings: [] };
}

export function failed({ name, title }: About, findings: readonly string[]): Check {
  return { name, title, state: "failed", findings };
}

export function unchecked({ name, title }: About, reason: string): Check {
  return { name, title, state: "not checked", findings: [reason] };
}
