import { join } from "node:path";

/**
 * Top of this project: the folder of package.json. In a checkout this module lies in
 * lib/, in the npm package it is part of a bundle: both one level below the top.
 */
export const projectFolder = join(import.meta.dirname, "..");
