import "../../../engine/action.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    switchRelease: { service: string; folder: string; release: string; units: readonly string[] };
    makeVenv: { service: string; venv: string; requirements: string; units: readonly string[] };
  }
}
