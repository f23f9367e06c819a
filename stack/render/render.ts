import ejs from "ejs";
import { StackError } from "../../lib/error.ts";

/** Gives a template's text by its path in the tree of templates (`units/…`, `rootfs-overlay/…`). */
export type Templates = (path: string) => string;

/**
 * Renders one template. Nothing is escaped: these are configuration files, not XML.
 * A template includes another by its path in the tree: `<%- include("units/parts/sandbox.ejs") %>`.
 *
 * @throws StackError `template-failed` naming the template and the line.
 */
export function render(path: string, data: Readonly<Record<string, unknown>>, templates: Templates): string {
  try {
    return ejs.render(templates(path), data, {
      escape: String,
      filename: path,
      includer: (include: string) => ({ template: templates(include) }),
    });
  } catch (error) {
    throw new StackError("template-failed", `${path} could not be rendered`, { cause: error });
  }
}
