import { bytesText } from "../../../lib/cli/text.ts";
import type { Target } from "../../build/target.ts";
import { debName } from "./control-text.ts";
import { dpkgDeb } from "./dpkg-deb.ts";
import type { DebArtefacts } from "./render.ts";

/** A Debian package for a host that is no container of the template. */
export const deb: Target<DebArtefacts> = {
  name: "deb",
  summary: "build a Debian package of the stack, for a host without the template",
  help: {
    before: "Builds a Debian package that makes a plain Debian 12 host the stack's.",
    out: "where the package goes",
    after: `
For a plain Debian 12 host, or a container that was not made of the template. The package
holds the agent, the stack definition, the services' code and locks; Debian's packages and
the virtual environments are brought on the host, when it is provisioned:

  sudo apt install ./dist/stack-agent-stock-analysis_1.0.0_amd64.deb
  sudo stack-agent provision --plan           what would be done; nothing is
  sudo stack-agent provision
  sudo stack-agent reset                      takes it back; data only with --with-data

It is made of the same layers as the template, from the same cache.

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml, 130 Ctrl-C.
`,
  },
  // The host's apt brings the servers, from Debian.
  settings: { debianOnly: true },
  tools: [dpkgDeb],
  verifies: /\.deb$/,
  fileName: async ({ model }) => debName(model),
  render: async (made, progress) => (await import("./render.ts")).renderDeb(made, progress),
  summaryOf: ({ deb, bytes, sha256 }) => [`package   ${deb} (${bytesText(bytes)})`, `sha256    ${sha256}`],
  verify: async (options) => (await import("./verify.ts")).verifyDeb(options),
};
