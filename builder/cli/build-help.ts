import { columns } from "../../lib/cli/text.ts";
import { cacheHome } from "../cache/cache-home.ts";
import { commands } from "./commands.ts";

/**
 * What `build-template --help` says after the options.
 *
 * @param written what the default target says of its artefacts
 */
export function buildHelp(environment: Readonly<Record<string, string | undefined>>, written: string): string {
  return `
Subcommands, each with a --help of its own:
${columns(commands.map(({ usage, summary }) => [`  ${usage}`, summary])).trimEnd()}

A stack.yaml says what is in the template; without one it is the default stack,
stack/stock-analysis.yaml, which shows every setting.

The work is done in a folder below TMPDIR (/tmp) that is gone afterwards, whatever happens,
unless --keep says otherwise; it needs 4 GiB. Root or an ordinary user may build. Missing
Debian tools are installed when root builds, and named otherwise.

Layers are kept, so that the next build makes only what changed, in
  ${cacheHome(environment)}
which is below XDG_CACHE_HOME (~/.cache).
${written}
Examples:
  build-template                              the default stack, into dist/
  build-template my-stack.yaml --out /srv     your own
  build-template --set container.memory=4GiB  one value other than the file's
  build-template init my-stack                a commented start of your own
  build-template my-stack.yaml --plan         what would be built; nothing is
  build-template my-stack.yaml --shell        look around inside where a step failed
  sudo build-template --smoke                 build it, boot it, see it healthy
  build-template --sign ~/.ssh/id_ed25519     signed; build-template verify tells
  build-template --format zst                 smaller, and unpacked faster
  build-template --schema > stack.schema.json for your editor
  build-template cache ls                     what is kept, and how large it is

Exit codes: 0 built, 1 a step failed, 64 unknown option or invalid stack.yaml,
130 interrupted by Ctrl-C, 143 by SIGTERM. With --smoke also 2 where the container is only
degraded, and 69 where containers can't be run on this machine.
`;
}
