import type { StatusDocument } from "../../stack/documents/status.ts";

const colours: Readonly<Record<StatusDocument["status"], string>> = {
  healthy: "#1a8f4a",
  degraded: "#c98500",
  failed: "#d0273c",
  working: "#2f6fde",
};

const marks: Readonly<Record<StatusDocument["status"], string>> = {
  healthy: "M9 16.5l5 5L23.5 11",
  degraded: "M16 8.5v9M16 22.5v.2",
  failed: "M11 11l10 10M21 11L11 21",
  working: "M22 16a6 6 0 1 1-3-5.2",
};

/** What a browser's tab shows; undefined of no state. */
export function pageIcon(status: string): string | undefined {
  if (!Object.hasOwn(colours, status)) return undefined;
  const state = status as StatusDocument["status"];
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><circle cx="16" cy="16" r="15" fill="${colours[state]}"/><path d="${marks[state]}" fill="none" stroke="#fff" stroke-width="3.4" stroke-linecap="round" stroke-linejoin="round"/></svg>
`;
}
