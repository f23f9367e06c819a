import { type Markup, markup } from "./markup.ts";

/** How a reader's browser tells of a moment: how long it has been so, how long ago, in how long, or when. */
export type Telling = "for" | "ago" | "in" | "at";

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/**
 * A moment. What is sent stays the same as time goes by; the page's script tells it as asked, in the
 * reader's own time, and without it there is the time in UTC.
 */
export function instant(time: Date | string, telling: Telling): Markup {
  const date = typeof time === "string" ? new Date(time) : time;
  if (Number.isNaN(date.getTime())) return markup``;
  const iso = `${date.toISOString().slice(0, 19)}Z`;
  const text = `${Number(iso.slice(8, 10))} ${months[date.getUTCMonth()]} ${iso.slice(11, 16)} UTC`;
  const since = telling === "for" ? "since " : "";
  return markup`<time datetime="${iso}" data-tell="${telling}">${since}${text}</time>`;
}
