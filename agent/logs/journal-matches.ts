import type { LogSource } from "../../stack/log-sources.ts";

/**
 * journalctl's matches for one source or all of them: what the units write, what systemd
 * says of them, and what the agent tells of the component, in one stream.
 */
export function journalMatches(sources: readonly LogSource[]): readonly string[] {
  const units = [...new Set(sources.flatMap(({ units }) => units))];
  const components = [...new Set(sources.flatMap(({ component }) => component ?? []))];
  const alternatives = [
    units.map((unit) => `_SYSTEMD_UNIT=${unit}`),
    // Only systemd's own word of a unit counts: any process may write UNIT=.
    units.length === 0 ? [] : [...units.map((unit) => `UNIT=${unit}`), "_PID=1"],
    components.map((name) => `STACK_COMPONENT=${name}`),
  ];
  return alternatives
    .filter((terms) => terms.length > 0)
    .flatMap((terms, index) => (index === 0 ? terms : ["+", ...terms]));
}
