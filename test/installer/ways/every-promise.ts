import t from "tap";
import type { Way } from "../../../installer/transports/transport.ts";
import { type NodeBy, nodeBy } from "../node-by.ts";
import { creationPromises } from "./creation-promises.ts";
import { destroyPromises } from "./destroy-promises.ts";
import { lookPromises } from "./look-promises.ts";
import { type Promised, remote } from "./promised.ts";
import { uploadPromises } from "./upload-promises.ts";

const promises: readonly Promised[] = [...lookPromises, ...uploadPromises, ...creationPromises, ...destroyPromises];

/**
 * The one list of what deploy-template promises, over one of the ways: on paper no container has
 * an address, so a deployment that got through ends with `no-address`, never as healthy.
 */
export function everyPromise(way: Way): void {
  t.setTimeout(600_000);
  if (way !== "api" && process.getuid?.() !== 0) {
    t.pass(`the promises over ${way}`, { skip: "pvesh is root's alone, and so are its tests: sudo npm test" });
    return;
  }
  for (const { promise, ways, keep } of promises) {
    if (ways === remote && way === "local") continue;
    t.test(`${way}: ${promise}`, async (t) => {
      const by: NodeBy = await nodeBy(t, way);
      await keep(t, by);
    });
  }
}
