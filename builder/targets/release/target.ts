import { bytesText } from "../../../lib/cli/text.ts";
import type { Target } from "../../build/target.ts";
import type { ReleaseArtefacts } from "./render.ts";

/** A release of the stack, for containers that are there. */
export const release: Target<ReleaseArtefacts> = {
  name: "release",
  summary: "build a signed release of the stack, for containers that are there",
  help: {
    before: "Builds a signed release of the stack, which containers of its template upgrade themselves with.",
    out: "where the release goes",
    after: `
One file: the agent with its Node, units, configuration and migrations, the services' code and
locks, your own files, and the definition. Debian's packages are not in it: another Debian
release, PostgreSQL or RabbitMQ needs a new container. In the container, or from here:

  stack-agent upgrade stock-analysis_1.1.0-3f2a91bc_amd64.stack-release --plan
  deploy-template upgrade dist/stock-analysis_*.stack-release --to root@pve1 --vmid 120

It is signed by this workstation's key, ~/.config/proxmox-stack/release.key (XDG_CONFIG_HOME), which
is made at the first release: keep a copy. Templates that are built here afterwards know it. Others
name it when they refuse the release, and take it by: stack-agent upgrade FILE --trust FINGERPRINT

It is made of the same layers as the template, from the same cache.

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml, 130 Ctrl-C.
`,
  },
  settings: { withoutVenvs: true },
  verifies: /\.stack-release$/,
  fileName: async ({ model }) => `${model.name}_${model.version}-HASH_${model.architecture}.stack-release`,
  render: async (made, progress) => (await import("./render.ts")).renderRelease(made, progress),
  summaryOf: ({ release, bytes, id, sha256, key, madeKey, by }) => [
    `release   ${release} (${bytesText(bytes)})`,
    `version   ${id}`,
    `sha256    ${sha256}`,
    `signed    ${key} (${by})`,
    ...(madeKey ? ["          a new key: containers that are there don't know it yet, and are told by --trust"] : []),
  ],
  verify: async (options) => (await import("./verify.ts")).verifyRelease(options),
};
