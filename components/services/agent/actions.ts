import "../../../engine/action.ts";

declare module "../../../engine/action.ts" {
  interface ActionArgs {
    makeVenv: { service: string; venv: string; requirements: string; units: readonly string[] };
  }
}
