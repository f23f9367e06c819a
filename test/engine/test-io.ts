import { join } from "node:path";
import { localIo } from "../../engine/actions/local-io.ts";
import { secretStore } from "../../engine/secrets/secret-store.ts";
import { silentLog } from "../../lib/log.ts";
import { run } from "../../lib/run.ts";
import type { SecretSpec } from "../../stack/model.ts";
import { ownIds } from "./own-ids.ts";

/** The real Io, with its folders below one of the test's and every file the tester's own. */
export function testIo(folder: string, secrets: readonly SecretSpec[], signal = new AbortController().signal) {
  const store = secretStore({ stateDirectory: join(folder, "state"), secrets, owner: ownIds });
  const paths = { state: join(folder, "state"), run: join(folder, "run") };
  return { store, io: localIo({ run, log: silentLog, signal, secrets: store, paths, owner: ownIds }) };
}
