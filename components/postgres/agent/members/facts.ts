import type { ComponentFacts } from "../../../../engine/plan/plan-files.ts";
import type { PostgresFacts } from "../facts.ts";
import type { ServersView } from "./look-at-servers.ts";

export interface ClusteredPostgresFacts {
  readonly component: ComponentFacts;
  /** etcd and Patroni run here. */
  readonly running: boolean;
  /** This machine's name. */
  readonly here: string;
  /** Names of the machines whose etcd answers. */
  readonly etcd: readonly string[];
  /** What Patroni tells of the three; undefined where none answers. */
  readonly view: ServersView | undefined;
  /** What the one that leads tells; `down` where none takes writes. */
  readonly server: PostgresFacts["server"];
  /** What was logged last by what starts again and again here; undefined where nothing does. */
  readonly lastWords?: readonly string[] | undefined;
}
