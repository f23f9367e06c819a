import type { AptHints } from "../../lib/apt/explain-apt.ts";

/** What helps a build whose archive, or disk, doesn't. */
export const buildHints: AptHints = {
  instead: "--offline builds from what is cached",
  room: "make room in the work folder, or choose another: TMPDIR=/path/with/space build-template …",
};
