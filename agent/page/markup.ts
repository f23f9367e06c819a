/** A piece of HTML. Made by `markup` alone, so that whatever was not is escaped. */
export interface Markup {
  readonly html: string;
}

type Value = string | number | undefined | Markup | readonly Markup[];

/** HTML of a template literal: what is put into it is text, unless it was made by this too. Undefined is nothing. */
export function markup(strings: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let html = strings[0] ?? "";
  for (const [index, value] of values.entries()) html += htmlOf(value) + (strings[index + 1] ?? "");
  return { html };
}

export const nothing: Markup = { html: "" };

function htmlOf(value: Value): string {
  if (value === undefined) return "";
  if (typeof value === "number") return String(value);
  if (typeof value === "string") return escapeHtml(value);
  if ("html" in value) return value.html;
  return value.map(({ html }) => html).join("");
}

const special: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => special[character] ?? "");
}
