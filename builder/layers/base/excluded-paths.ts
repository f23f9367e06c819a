/**
 * dpkg's rules for what a server without a reader doesn't need: a third of the packages'
 * files. Copyright texts stay. dpkg keeps the rules, so later upgrades follow them.
 */
export function excludedPaths(locale: string): string[] {
  const language = locale.split("_")[0] ?? "en";
  return [
    "path-exclude=/usr/share/man/*",
    "path-exclude=/usr/share/info/*",
    "path-exclude=/usr/share/doc/*",
    "path-include=/usr/share/doc/*/copyright",
    "path-exclude=/usr/share/lintian/*",
    "path-exclude=/usr/share/locale/*",
    "path-include=/usr/share/locale/locale.alias",
    "path-include=/usr/share/locale/en*",
    ...(language === "en" ? [] : [`path-include=/usr/share/locale/${language}*`]),
  ];
}
