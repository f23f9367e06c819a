import type { Target } from "../build/target.ts";
import { deb } from "./deb/target.ts";
import { image } from "./image/target.ts";
import { proxmox } from "./proxmox/target.ts";
import { release } from "./release/target.ts";

/** Every target: `build-template NAME` makes its artefacts, `build-template verify` knows them again. */
export const targets: readonly Target[] = [proxmox, deb, release, image];

/** What `build-template` makes when it is given no name. */
export const defaultTarget: Target = proxmox;
