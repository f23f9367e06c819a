import { moduleName } from "./module-name.ts";

/** Below the template's share: what a new service is made from. */
export const starterFolderName = "starter";

/** Words of services/starter, and what each stands for. */
const words = /a_service|a-service|\b8099\b/g;

/** Names that a tool along the way would take for its own. */
const hidden: Readonly<Record<string, string>> = { gitignore: ".gitignore", dockerignore: ".dockerignore" };

/**
 * A new service: the starter's files under its own name.
 *
 * @param starter texts by path, services/starter, event_store/ and requirements.lock
 * @returns texts by path in the service's folder
 */
export function newServiceFiles(
  starter: ReadonlyMap<string, string>,
  { name, port }: { readonly name: string; readonly port: number },
): ReadonlyMap<string, string> {
  const own: Readonly<Record<string, string>> = { a_service: moduleName(name), "a-service": name, "8099": `${port}` };
  const renamed = (text: string): string => text.replace(words, (word) => own[word] ?? word);
  const files = [...starter].map(
    ([path, text]) => [hidden[path] ?? renamed(path), path.endsWith(".lock") ? text : renamed(text)] as const,
  );
  return new Map(files.sort(([a], [b]) => (a < b ? -1 : 1)));
}
