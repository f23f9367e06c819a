/**
 * The programs that the npm package brings, and the source each is bundled from. One more
 * also needs its launcher in bin/, and its line under `bin` in package.json.
 */
export const programs: Readonly<Record<string, string>> = {
  "build-template": "builder/cli.ts",
  "deploy-template": "installer/cli.ts",
};
