/** Series of the chosen container, whichever port tells them; backticks, since a host's `[` and `.` are quoted in a string's way. */
export function series(metric: string, ...matchers: readonly string[]): string {
  return `${metric}{${[`instance=~\`\${host:regex}:[0-9]+\``, ...matchers].join(",")}}`;
}

/** How fast a counter grows, a second. */
export function rate(counter: string, ...matchers: readonly string[]): string {
  return `rate(${series(counter, ...matchers)}[$__rate_interval])`;
}
