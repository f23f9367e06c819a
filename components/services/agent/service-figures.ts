import { readlinkSync } from "node:fs";
import { basename } from "node:path";
import type { Figures } from "../../../engine/check.ts";
import { isErrno } from "../../../lib/error.ts";
import type { ServiceModel } from "../../../stack/model.ts";
import { currentLink } from "../../../stack/releases.ts";

/** systemd keeps a link a unit that runs, to the id of this run of it: no program has to be asked. */
const runs = "/run/systemd/units/invocation:";

/**
 * What a service's figures are read by: two links, of which the second can only change with a run. Both are read
 * at once, without a thread: the first is in memory. Restarts are counted from look to look, so whoever looks must
 * do so while it is down, too.
 *
 * @param root "/" but in tests
 */
export function serviceFigures(service: Pick<ServiceModel, "name" | "unit" | "folder">, root = ""): () => Figures {
  const labels = { service: service.name };
  let restarts = 0;
  let last: string | undefined;
  let release: string | undefined;
  return () => {
    const run = linked(`${root}${runs}${service.unit}`);
    if (last !== undefined && run !== undefined && run !== last) restarts += 1;
    if (run === undefined || run !== last) release = linked(`${root}${currentLink(service)}`);
    last = run ?? last;
    return {
      stack_service_restarts_total: [{ labels, value: restarts }],
      ...(release !== undefined && {
        stack_service_release_info: [{ labels: { ...labels, release: basename(release) }, value: 1 }],
      }),
    };
  };
}

function linked(path: string): string | undefined {
  try {
    return readlinkSync(path);
  } catch (error) {
    if (isErrno(error, "ENOENT", "EACCES", "EINVAL")) return undefined;
    throw error;
  }
}
